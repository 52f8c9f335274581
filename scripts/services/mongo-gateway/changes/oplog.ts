import { isAfter, type Position } from './position.ts'

export interface Namespace {
  readonly database: string
  /** Empty for what concerns the whole database. */
  readonly collection: string
}

/** What was done to one document, or to a collection as a whole. */
export interface Operation {
  readonly kind: 'insert' | 'update' | 'replace' | 'delete' | 'drop' | 'rename' | 'dropDatabase'
  readonly namespace: Namespace
  /** The new name of what was renamed. */
  readonly to?: Namespace
  readonly uuid?: Buffer
  /** The `_id` of the document, in a document. */
  readonly key?: Buffer
  /** The document as it was; only where the collection keeps it. */
  readonly before?: Buffer
  readonly after?: Buffer
}

/** A transaction of several statements, as the driver names it. */
export interface TransactionName {
  readonly session: Buffer
  readonly number: bigint
}

export interface Entry extends Operation, Position {
  readonly moment: Date
  readonly transaction: TransactionName | undefined
}

// MongoDB's own: periodicNoopIntervalSecs
const quiet = 10_000
// beyond this the oldest are forgotten: MongoDB's log has a limit, too
const mostBytes = 64 * 1024 ** 2

/** What was committed, in the order of the commits, as far back as is remembered. */
export class Oplog {
  readonly #waiting = new Set<() => void>()
  #entries: Entry[] = []
  #bytes = 0
  #last: bigint
  #lastMoment = 0
  /** The last that is not known any more. */
  #gone: Position

  constructor() {
    this.#last = BigInt(Math.floor(Date.now() / 1000)) << 32n
    this.#gone = { time: this.#tick(), index: -1 }
  }

  /** All operations of one transaction have one time, those of a single command each its own. */
  append(operations: readonly Operation[], transaction: TransactionName | undefined): void {
    if (operations.length === 0) return
    const moment = new Date()
    const shared = transaction === undefined ? undefined : this.#tick()
    for (const [index, operation] of operations.entries()) {
      const place = shared === undefined ? { time: this.#tick(), index: 0 } : { time: shared, index }
      this.#entries.push({ ...operation, ...place, moment, transaction })
      this.#bytes += sizeOf(operation)
    }
    if (this.#bytes > mostBytes) this.#shorten()
    this.#wake()
  }

  /** The place behind all that is known. When nothing happens it moves on all the same, now and then. */
  end(): Position {
    const isFresh = this.#entries.at(-1)?.time !== this.#last && Date.now() - this.#lastMoment < quiet
    return { time: isFresh ? this.#last : this.#tick(), index: -1 }
  }

  /** Whether all is known that was after a position. */
  reaches(position: Position): boolean {
    return !isAfter(this.#gone, position)
  }

  entryAt(position: Position): Entry | undefined {
    const entry = this.#entries[this.#indexAfter(position) - 1]
    return entry !== undefined && entry.time === position.time && entry.index === position.index ? entry : undefined
  }

  after(position: Position, most: number): readonly Entry[] {
    const from = this.#indexAfter(position)
    return this.#entries.slice(from, from + most)
  }

  /** Forgets what was before a position, but not the last of all, as MongoDB forgets the oldest when its log is full. */
  truncate(before: Position): void {
    this.#forget(Math.min(this.#indexAfter(before), this.#entries.length - 1))
    this.#wake()
  }

  /** Ends when there is more, or after these milliseconds. */
  async more(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, milliseconds)
      this.#waiting.add(done)
    })
  }

  /** Lets everybody who waits look again. */
  wake(): void {
    this.#wake()
  }

  #tick(): bigint {
    this.#lastMoment = Date.now()
    const now = BigInt(Math.floor(this.#lastMoment / 1000)) << 32n
    this.#last = (now > this.#last ? now : this.#last) + 1n
    return this.#last
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done()
  }

  /** The first entry after a position, by halves. */
  #indexAfter(position: Position): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#entries[middle]
      if (entry !== undefined && isAfter(entry, position)) high = middle
      else low = middle + 1
    }
    return low
  }

  #shorten(): void {
    let [count, bytes] = [0, this.#bytes]
    for (const entry of this.#entries) {
      if (bytes <= mostBytes / 2) break
      bytes -= sizeOf(entry)
      count++
    }
    this.#forget(Math.min(count, this.#entries.length - 1))
  }

  #forget(count: number): void {
    const gone = this.#entries.splice(0, Math.max(0, count))
    this.#gone = gone.at(-1) ?? this.#gone
    for (const entry of gone) this.#bytes -= sizeOf(entry)
  }
}

function sizeOf({ before, after }: Operation): number {
  return 200 + (before?.length ?? 0) + (after?.length ?? 0)
}
