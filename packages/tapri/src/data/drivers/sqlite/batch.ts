import type { TapriError } from '../../../kit/errors.ts'
import { dataError } from '../../errors.ts'
import type { Connection } from './connection.ts'
import { codeOf, foreignKeyConstraint } from './failure.ts'
import type { Frame } from './transaction.ts'

/** So that those who came first are not kept for long by those who come on and on. */
const mostMembers = 512
const longestMilliseconds = 5

/** A transaction with a BEGIN and COMMIT of its own. */
export class Single implements Frame {
  readonly isShared = false
  readonly #connection: Connection
  readonly #ended: () => void

  constructor(connection: Connection, ended: () => void) {
    this.#connection = connection
    this.#ended = ended
    connection.begin()
  }

  async commit(): Promise<void> {
    this.#connection.commit()
    this.#ended()
  }

  async rollback(): Promise<void> {
    try {
      if (this.#connection.isInTransaction) this.#connection.run('ROLLBACK')
    } finally {
      this.#ended()
    }
  }

  lose(): void {}
}

/**
 * Transactions one after another between one BEGIN and one COMMIT, each in a savepoint of its own: the disk is waited for
 * once for all of them. None is told that it is committed before the COMMIT.
 */
export class Batch {
  readonly #connection: Connection
  readonly #ended: () => void
  readonly #done = Promise.withResolvers<void>()
  readonly #now: () => number
  readonly #since: number
  #members = 0
  #isAtWork = false
  #isDue = false
  #isEnded = false

  constructor(connection: Connection, now: () => number, ended: () => void) {
    this.#connection = connection
    this.#now = now
    this.#since = now()
    this.#ended = ended
    // who waits for it is told; when nobody does, nobody lost anything
    this.#done.promise.catch(() => {})
    connection.begin()
    // by then all that had come have had their turn: requests of one moment share one COMMIT
    setImmediate(() => this.end())
  }

  /** Begins the next one; those before it have ended. */
  join(): Frame {
    this.#connection.run('SAVEPOINT tapri')
    this.#isAtWork = true
    return {
      isShared: true,
      commit: () => this.#commit(),
      rollback: () => this.#rollback(),
      lose: (error) => this.#fail(error),
    }
  }

  /** Commits, as soon as the one at work has ended. */
  end(): void {
    if (this.#isEnded) return
    this.#isDue = true
    if (this.#isAtWork) return
    try {
      this.#connection.commit()
    } catch (cause) {
      this.#fail(cause)
      return
    }
    this.#isEnded = true
    this.#ended()
    this.#done.resolve()
  }

  #commit(): Promise<void> {
    this.#members++
    this.#leave('RELEASE tapri')
    return this.#done.promise
  }

  /** What failed may have failed for what another one wrote before it, so it ends with that. */
  async #rollback(): Promise<void> {
    if (this.#isEnded) return this.#done.promise
    this.#leave('ROLLBACK TO tapri', 'RELEASE tapri')
    if (this.#members > 0) await this.#done.promise
  }

  #leave(...statements: readonly string[]): void {
    try {
      for (const statement of statements) this.#connection.run(statement)
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#isAtWork = false
    const isFull = this.#members >= mostMembers || this.#now() - this.#since > longestMilliseconds
    if (this.#isDue || isFull) this.end()
  }

  #fail(cause: unknown): void {
    this.#isEnded = true
    try {
      if (this.#connection.isInTransaction) this.#connection.run('ROLLBACK')
    } catch {
      // a connection that cannot even go back says so again at the next BEGIN; why it came to this is told
    }
    this.#ended()
    this.#done.reject(this.#members > 1 && isOfOne(cause) ? anothers(cause) : cause)
  }
}

/** One member has broken a rule that SQLite checks at COMMIT alone. */
function isOfOne(error: unknown): boolean {
  return error instanceof Error && codeOf(error.cause) === foreignKeyConstraint
}

/** Each is then run again by itself, and the one that was wrong fails alone. */
function anothers(cause: unknown): TapriError {
  return dataError('TAPRI_DATA_CONFLICT', 'Cannot commit: another write of the same moment could not be committed', { cause })
}
