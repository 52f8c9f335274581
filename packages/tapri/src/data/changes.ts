import type { Clock } from '../kit/clock.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'
import type { Driver, LoggedChanges, Transaction } from './driver.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import { pausing } from './pause.ts'
import { LogTail } from './tail.ts'

/**
 * One row made (`before` is null), changed, or deleted (`after` is null); all columns as they are stored, so decimals as the
 * whole number of their smallest parts. With an empty id, and neither before nor after, anything in the model may have
 * changed: somebody has written past the query language.
 */
export interface Change {
  readonly model: string
  readonly id: string
  readonly before: StoredRow | null
  readonly after: StoredRow | null
}

/** The changes of one transaction. */
export interface Commit {
  readonly position: number
  readonly at: number
  readonly changes: readonly Change[]
}

type ChangesReader = (changes: readonly Change[]) => readonly Change[]
export type CommitListener = (commit: Commit) => void

const keptCommits = 10_000
const keptMilliseconds = 24 * 3_600_000
const trimmedEvery = 256
const encodedAtOnce = 500

/** The log of everything that was committed, in order; written in the transaction that it tells of. */
export class ChangeLog {
  readonly epoch: string
  readonly #driver: Driver
  readonly #today: ChangesReader
  readonly #fail: (error: unknown) => void
  readonly #listeners = new Set<CommitListener>()
  readonly #tail: LogTail | undefined
  #position: number
  #written = 0

  /** `today` tells old changes by the names that models and fields have now. */
  constructor(driver: Driver, clock: Clock, fail: (error: unknown) => void, today: ChangesReader = (changes) => changes) {
    this.#driver = driver
    this.#today = today
    this.#fail = fail
    this.epoch = driver.facts.epoch
    this.#position = driver.facts.position
    if (driver.tail !== undefined) {
      const hear = (entry: LoggedChanges) => this.#announce(this.#decode(entry))
      this.#tail = new LogTail(driver.tail, { from: this.#position, clock, hear, fail })
    }
  }

  /** Of the last commit that listeners have heard of. */
  position(): number {
    return this.#position
  }

  /** Calls after each commit, in their order; the answer ends it. */
  subscribe(listener: CommitListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The commits after a position; also those that listeners will hear of only when older transactions have ended.
   * @throws TAPRI_DATA_CHANGES_GONE when some of them are forgotten already, or never were */
  async since(position: number, limit: number): Promise<Commit[]> {
    const last = this.#position
    const { entries, forgotten } = await this.#driver.changesSince(position, limit)
    if (position > last || forgotten > position || (entries.length === 0 && position < last)) {
      throw dataError('TAPRI_DATA_CHANGES_GONE', `Cannot tell what changed after position ${position}: read anew`)
    }
    return entries.map((entry) => this.#decode(entry))
  }

  /** Before COMMIT. */
  async write(transaction: Transaction, at: number, changes: readonly Change[]): Promise<Commit> {
    const position = await transaction.appendChanges(at, await encoded(changes))
    this.#written++
    if (this.#written % trimmedEvery === 0) await transaction.trimChanges(keptCommits, at - keptMilliseconds)
    return { position, at, changes }
  }

  /** After COMMIT: ends when listeners have heard of it, where that does not depend on others for long. */
  async committed(commit: Commit): Promise<void> {
    if (this.#tail === undefined) this.#announce(commit)
    else await this.#tail.reach(commit.position)
  }

  /** Ends when listeners have heard of everything that is committed. */
  async settle(): Promise<void> {
    await this.#tail?.settle()
  }

  async close(): Promise<void> {
    await this.#tail?.close()
  }

  #decode({ position, at, changes }: LoggedChanges): Commit {
    return { position, at, changes: this.#today(asChanges(decodeWire(changes))) }
  }

  #announce(commit: Commit): void {
    this.#position = commit.position
    for (const listener of this.#listeners) {
      try {
        listener(commit)
      } catch (error) {
        // the commit stands and the other listeners must hear of it
        this.#fail(error)
      }
    }
  }
}

/** A list of changes as one text; of many, part by part. */
async function encoded(changes: readonly Change[]): Promise<string> {
  if (changes.length <= encodedAtOnce) return encodeWire(changes)
  const pause = pausing()
  const parts: string[] = []
  for (let at = 0; at < changes.length; at += encodedAtOnce) {
    parts.push(encodeWire(changes.slice(at, at + encodedAtOnce)).slice(1, -1))
    await pause()
  }
  return `[${parts.join(',')}]`
}

// The text was written by `write` in the same transaction as the rows.
function asChanges(value: unknown): readonly Change[] {
  return value as readonly Change[]
}
