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
export type OwnCommitListener = (position: number) => void

interface Listening {
  readonly listener: CommitListener
  /** What was answered before it began to listen, and is read only now. */
  readonly known: Set<number>
}

interface Naming {
  /** Tells old changes by the names that models and fields have now. */
  readonly today: ChangesReader
  /** The names of all of them. */
  readonly models: readonly string[]
}

const keptCommits = 10_000
const keptMilliseconds = 24 * 3_600_000
const trimmedEvery = 256
const encodedAtOnce = 500

/** The log of everything that was committed, in order; written in the transaction that it tells of. */
export class ChangeLog {
  readonly epoch: string
  /** Whether writes of other programs are told of too: a little late, and as the rows are by then. */
  readonly hearsOthers: boolean
  /** Reads up to a position that another process tells of, now rather than at the next look; absent where the database
   * tells of commits by itself, and where nobody else writes. */
  readonly wake: ((position: number) => void) | undefined
  readonly #driver: Driver
  readonly #today: ChangesReader
  readonly #fail: (error: unknown) => void
  readonly #listeners = new Set<Listening>()
  readonly #ownListeners = new Set<OwnCommitListener>()
  /** Commits of this process that its listeners would not have heard of yet, had there been any. */
  readonly #unheard = new Set<number>()
  readonly #tail: LogTail | undefined
  #position: number
  #written = 0

  constructor(driver: Driver, clock: Clock, fail: (error: unknown) => void, { today, models }: Naming) {
    this.#driver = driver
    this.#today = today
    this.#fail = fail
    this.epoch = driver.facts.epoch
    this.hearsOthers = driver.capture?.isOn === true
    this.#position = driver.facts.position
    if (driver.tail !== undefined) {
      const tail = new LogTail(driver.tail, {
        from: this.#position,
        clock,
        fail,
        hear: (entry) => this.#hear(entry),
        skip: (position) => this.#reached(position),
        lose: (position) => this.#announce({ position, at: clock.now(), changes: models.map(anything) }),
        isFollowed: () => this.#listeners.size > 0,
      })
      this.#tail = tail
      if (driver.tail.notify === undefined) this.wake = (position) => tail.expect(position)
    }
  }

  /** Of the last commit that listeners have heard of; while nobody listens it may be a little behind, as `settled` is not. */
  position(): number {
    return this.#position
  }

  /** Calls after each commit, in their order; the answer ends it. */
  subscribe(listener: CommitListener): () => void {
    const listening = { listener, known: new Set(this.#unheard) }
    this.#listeners.add(listening)
    return () => this.#listeners.delete(listening)
  }

  /** Calls after each commit of this process, in the asynchronous context of whoever made it; the answer ends it. */
  onOwnCommit(listener: OwnCommitListener): () => void {
    this.#ownListeners.add(listener)
    return () => this.#ownListeners.delete(listener)
  }

  /** The position, as soon as it counts everything that this process has been told is committed. */
  async settled(): Promise<number> {
    const last = Math.max(...this.#unheard)
    if (this.#unheard.size > 0) await this.#tail?.reach(last)
    return this.#position
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

  /** After COMMIT: ends when listeners have heard of it, where there are any and that does not depend on others for long. */
  async committed(commit: Commit): Promise<void> {
    for (const listener of this.#ownListeners) listener(commit.position)
    if (this.#tail === undefined) return this.#announce(commit)
    if (this.#listeners.size > 0) return this.#tail.reach(commit.position)
    if (commit.position > this.#position) this.#unheard.add(commit.position)
    this.#tail.note()
  }

  /** Ends when listeners have heard of everything that is committed. */
  async settle(): Promise<void> {
    await this.#tail?.settle()
  }

  async close(): Promise<void> {
    await this.#tail?.close()
  }

  #hear(entry: LoggedChanges): void {
    if (this.#listeners.size > 0) this.#announce(this.#decode(entry))
    this.#reached(entry.position)
  }

  #reached(position: number): void {
    this.#position = position
    for (const each of this.#unheard) if (each <= position) this.#unheard.delete(each)
  }

  #decode({ position, at, changes }: LoggedChanges): Commit {
    return { position, at, changes: this.#today(asChanges(decodeWire(changes))) }
  }

  #announce(commit: Commit): void {
    this.#position = commit.position
    for (const { listener, known } of this.#listeners) {
      // it came after the write had answered
      if (known.delete(commit.position)) continue
      try {
        listener(commit)
      } catch (error) {
        // the commit stands and the other listeners must hear of it
        this.#fail(error)
      }
    }
  }
}

function anything(model: string): Change {
  return { model, id: '', before: null, after: null }
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
