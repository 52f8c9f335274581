import type { SQLInputValue } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { TapriError } from '../../../kit/errors.ts'
import type { Sql } from '../sql/dialect.ts'
import { Connection, Overrun } from './connection.ts'
import { codeOf } from './failure.ts'

/** What a read worker is started with. */
export interface Place {
  readonly path: string
  /** Milliseconds that one read may take. */
  readonly limit: number
}

/** What a thread is started with: a place, and a number that is not 0 when nobody waits for its read any more. */
export interface Start extends Place {
  readonly aborted: Int32Array<SharedArrayBuffer>
}

/** A statement that was built, whose rows are lists, or one of the app's own, whose rows have the names of columns. */
export type Reading = { readonly kind: 'built'; readonly statement: Sql } | { readonly kind: 'raw'; readonly statement: RawRead }
export interface RawRead {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

/** Something to read, or `more` for the next slice of its rows. */
export type Ask = Reading | 'more'

export type Told =
  | { readonly rows: readonly unknown[]; readonly isLast: boolean; readonly took: number }
  | { readonly failure: { readonly message: string; readonly errcode: number | undefined; readonly isOverrun: boolean } }

/** The one who asks takes each slice in by itself, with time for others in between. */
const slice = 1000

/** One connection in a thread of its own; one read at a time, and nothing stays open between them. */
class ReadWorker {
  readonly #start: Start
  #connection: Connection | undefined
  #rows: readonly unknown[] = []
  #at = 0

  constructor(start: Start) {
    this.#start = start
  }

  answer(ask: Ask): Told {
    try {
      return this.#nextSlice(ask === 'more' ? 0 : this.#read(ask))
    } catch (error) {
      const cause = error instanceof TapriError ? error.cause : error
      const message = cause instanceof Error ? cause.message : String(cause)
      return { failure: { message, errcode: codeOf(cause), isOverrun: cause instanceof Overrun } }
    }
  }

  #read(reading: Reading): number {
    const connection = this.#open()
    const before = performance.now()
    this.#rows =
      reading.kind === 'built'
        ? connection.rowsWithin(reading.statement, this.#start.limit)
        : connection.raw(reading.statement.sql, reading.statement.values, { writes: false }).rows
    this.#at = 0
    return performance.now() - before
  }

  #open(): Connection {
    const { path, aborted } = this.#start
    const isAborted = () => Atomics.load(aborted, 0) !== 0
    // read-only, so that it can never make an empty file in the place of one that is gone
    this.#connection ??= new Connection({ path, synchronous: 'OFF' }, { readOnly: true, isAborted })
    return this.#connection
  }

  #nextSlice(took: number): Told {
    const rows = this.#at === 0 && this.#rows.length <= slice ? this.#rows : this.#rows.slice(this.#at, this.#at + slice)
    this.#at += rows.length
    const isLast = this.#at >= this.#rows.length
    if (isLast) this.#rows = []
    return { rows, isLast, took }
  }
}

const port = parentPort
if (port !== null) {
  const worker = new ReadWorker(startOf(workerData))
  port.on('message', (ask: Ask) => port.postMessage(worker.answer(ask)))
}

// Only `ReadPool` starts this file, and it gives a Start.
function startOf(data: unknown): Start {
  return data as Start
}
