import { parentPort, workerData } from 'node:worker_threads'
import { TapriError } from '../../../kit/errors.ts'
import type { Sql } from '../sql/dialect.ts'
import { Connection, Overrun, type SqliteRow } from './connection.ts'
import { codeOf } from './failure.ts'

/** What a read worker is started with. */
export interface Place {
  readonly path: string
  /** Milliseconds that one read may take. */
  readonly limit: number
}

/** A statement to read, or `more` for the next slice of its rows. */
export type Ask = Sql | 'more'

export type Told =
  | { readonly rows: readonly SqliteRow[]; readonly isLast: boolean; readonly took: number }
  | { readonly failure: { readonly message: string; readonly errcode: number | undefined; readonly isOverrun: boolean } }

/** The one who asks takes each slice in by itself, with time for others in between. */
const slice = 1000

/** One connection in a thread of its own; one read at a time, and nothing stays open between them. */
class ReadWorker {
  readonly #place: Place
  #connection: Connection | undefined
  #rows: readonly SqliteRow[] = []
  #at = 0

  constructor(place: Place) {
    this.#place = place
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

  #read(statement: Sql): number {
    // read-only, so that it can never make an empty file in the place of one that is gone
    this.#connection ??= new Connection({ path: this.#place.path, synchronous: 'OFF' }, { readOnly: true })
    const before = performance.now()
    this.#rows = this.#connection.rowsWithin(statement, this.#place.limit)
    this.#at = 0
    return performance.now() - before
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
  const worker = new ReadWorker(placeOf(workerData))
  port.on('message', (ask: Ask) => port.postMessage(worker.answer(ask)))
}

// Only `ReadPool` starts this file, and it gives a Place.
function placeOf(data: unknown): Place {
  return data as Place
}
