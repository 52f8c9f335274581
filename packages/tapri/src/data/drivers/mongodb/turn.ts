import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { TapriError } from '../../../kit/errors.ts'
import { dataError } from '../../errors.ts'
import { codeOf, isUnreachable, translate } from './failure.ts'
import type { ClientSession, Document, Server } from './server.ts'

/** A transaction that has begun, and the position that its entry in the log would have. */
export interface Begun {
  readonly session: ClientSession
  readonly position: number
}

const longestPause = 20

interface TurnOptions {
  /** Whoever writes takes the one that is called `turn`; others may be held besides. */
  readonly name?: string
  /** Milliseconds after which what a process holds outside of a transaction is free again, should it have died. */
  readonly longestHold?: number
}

/**
 * Whose turn it is to write, among all processes. A snapshot alone lets two transactions each rely on what the other one
 * changes, and has no order of commits; so the first thing that a transaction writes is the document of the turn. Until
 * it ends nobody else can write that, and whoever writes it next sees all that was committed before: transactions run as
 * if alone, and the number in the document is their order.
 */
export class Turn {
  readonly #server: Server
  readonly #name: string
  readonly #longestHold: number
  /** Of this process, for what it holds outside of a transaction. */
  readonly #holder = randomUUID()
  /** The last time it could not be reached. */
  #isLost = false

  constructor(server: Server, { name = 'turn', longestHold = 30_000 }: TurnOptions = {}) {
    this.#server = server
    this.#name = name
    this.#longestHold = longestHold
  }

  /** Begins a transaction as soon as no other is at work.
   * @throws TAPRI_DATA_BUSY, TAPRI_DATA_UNREACHABLE */
  async begin(): Promise<Begun> {
    const latest = performance.now() + this.#server.longest
    for (let attempt = 0; performance.now() < latest; attempt++) {
      const begun = await this.#tryBegin()
      if (begun !== undefined) return begun
      // at random, or two processes would meet again and again
      await pause(Math.min(longestPause, 1 + attempt) * Math.random())
    }
    throw this.#busy()
  }

  /** Lets no transaction begin, of whatever process, while the work goes on. */
  async hold<T>(work: (hold: Hold) => Promise<T>): Promise<T> {
    await this.#take()
    const hold = this.#hold()
    try {
      return await work(hold)
    } finally {
      await this.release(hold)
    }
  }

  /** Holds it as `hold` does, if nobody does now; until `release`. */
  async tryHold(): Promise<Hold | undefined> {
    const turn = await this.#server.meta().findOneAndUpdate(isFree(this.#name), this.#held())
    return turn === null ? undefined : this.#hold()
  }

  async release(hold: Hold): Promise<void> {
    await hold.end()
    await this.#release()
  }

  async #tryBegin(): Promise<Begun | undefined> {
    const session = this.#server.transaction()
    try {
      const options = { session, returnDocument: 'after', maxTimeMS: this.#server.longest } as const
      const turn = await this.#server.meta().findOneAndUpdate(isFree(this.#name), { $inc: { position: 1 } }, options)
      this.#isLost = false
      if (turn !== null) return { session, position: Number(turn.position) }
    } catch (cause) {
      const error = translate(cause)
      // a connection that broke while it lay idle: nothing was asked of it yet, and the next may be whole
      const isStale = isUnreachable(error) && !this.#isLost
      this.#isLost ||= isStale
      if (!isStale && !isConflict(cause)) {
        await end(session)
        throw error
      }
    }
    await end(session)
    return undefined
  }

  /** Waits for the transaction that is at work, as every write outside of a transaction does. */
  async #take(): Promise<void> {
    const latest = performance.now() + this.#server.longest
    while (performance.now() < latest) {
      try {
        const turn = await this.#server.meta().findOneAndUpdate(isFree(this.#name), this.#held())
        if (turn !== null) return
      } catch (cause) {
        if (!isConflict(cause)) throw translate(cause)
      }
      await pause(longestPause * Math.random())
    }
    throw this.#busy()
  }

  #hold(): Hold {
    return new Hold(() => this.#extend(), this.#longestHold / 3)
  }

  /** Whether it is held still. */
  async #extend(): Promise<boolean> {
    const turn = await this.#server.meta().findOneAndUpdate({ _id: this.#name, holder: this.#holder }, this.#held())
    return turn !== null
  }

  async #release(): Promise<void> {
    try {
      await this.#server.meta().updateOne({ _id: this.#name, holder: this.#holder }, { $set: { holder: null } })
    } catch {
      // who cannot be reached to be told finds out by the time
    }
  }

  /** By the server's clock: those of the processes may differ. */
  #held(): Document[] {
    return [{ $set: { holder: this.#holder, until: { $add: ['$$NOW', this.#longestHold] } } }]
  }

  #busy(): TapriError {
    const seconds = Math.round(this.#server.longest / 1000)
    return dataError('TAPRI_DATA_BUSY', `Cannot write: others have kept it waiting for ${seconds} s, try again later`, {
      facts: { retryAfter: 1 },
    })
  }
}

/** What is held outside of a transaction ends by itself, should its holder die; so it is asked for again and again. */
export class Hold {
  readonly #extend: () => Promise<boolean>
  readonly #timer: NodeJS.Timeout
  #extending: Promise<void> = Promise.resolve()
  #isLost = false

  constructor(extend: () => Promise<boolean>, every: number) {
    this.#extend = extend
    this.#timer = setInterval(() => void this.#again(), every).unref()
  }

  /** @throws TAPRI_DATA_MIGRATION when others may be writing by now */
  async require(): Promise<void> {
    await this.#again()
    if (!this.#isLost) return
    throw dataError('TAPRI_DATA_MIGRATION', 'Cannot go on: the database could not be held for this process alone, try again')
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.#extending
  }

  #again(): Promise<void> {
    this.#extending = this.#extend().then(
      (isHeld) => {
        if (!isHeld) this.#isLost = true
      },
      // whether it is held is asked again before anything depends on it
      () => {},
    )
    return this.#extending
  }
}

/** Ends a transaction without its writes, and its session. */
export async function end(session: ClientSession): Promise<void> {
  try {
    await session.abortTransaction()
  } catch {
    // the server forgets a transaction that nobody goes on with
  }
  await session.endSession()
}

function isFree(name: string) {
  return { _id: name, $or: [{ holder: null }, { $expr: { $lt: ['$until', '$$NOW'] } }] }
}

function isConflict(cause: unknown): boolean {
  const code = codeOf(cause)
  return code === 112 || code === 251 || code === 24
}
