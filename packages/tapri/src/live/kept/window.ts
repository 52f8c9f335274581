import { type Change, matches, type Select, type StoredRow } from '../../data/index.ts'
import type { Outcome, RowsAnswer } from './answers.ts'
import { compareRows, copyRow, isSameIn } from './copy.ts'

const leastOverscan = 8
/** Beyond this a page is seldom used up before the next run. */
const mostOverscan = 200

/** How many rows are read for a window of this limit: rows may leave it for a while before the database is asked again. */
export function windowSize(limit: number): number {
  return limit + Math.max(leastOverscan, Math.min(limit, mostOverscan))
}

/**
 * The first rows of an order, and some more that come after them. Rows that enter, leave, move and change are told by the
 * images of changes; what comes after the last row that is held is not known, unless there is nothing.
 */
export class KeptWindow implements RowsAnswer {
  readonly #query: Select
  readonly #rows: StoredRow[]
  readonly #byId: Map<string, StoredRow>
  /** Whether no more rows match than are held. */
  #isComplete: boolean

  /** The query's order ends in the id, and one row can tell whether it matches; `rows` are the first `windowSize(limit)`. */
  constructor(query: Select, rows: StoredRow[]) {
    this.#query = query
    this.#rows = rows
    this.#byId = new Map(rows.map((row) => [row.id, row]))
    this.#isComplete = rows.length < windowSize(query.limit)
  }

  get size(): number {
    return this.#rows.length
  }

  rows(): StoredRow[] {
    const { columns, limit } = this.#query
    return this.#rows.slice(0, limit).map((row) => copyRow(row, columns))
  }

  take({ id, after }: Change): Outcome {
    const { condition, columns, limit, order } = this.#query
    const held = this.#byId.get(id)
    const next = after !== null && matches(condition, after) ? copyRow(after, columns) : undefined
    if (held !== undefined && next !== undefined) {
      if (isSameIn(columns, { before: held, after: next })) return 'same'
      if (compareRows(order, held, next) === 0) return this.#replace(held, next) < limit ? 'changed' : 'same'
    }
    const from = held === undefined ? Number.POSITIVE_INFINITY : this.#remove(held)
    const to = next === undefined ? Number.POSITIVE_INFINITY : this.#insert(next)
    if (!this.#isComplete && this.#rows.length < limit) return 'short'
    return Math.min(from, to) < limit ? 'changed' : 'same'
  }

  #replace(held: StoredRow, next: StoredRow): number {
    const place = this.#placeOf(held)
    this.#rows[place] = next
    this.#byId.set(next.id, next)
    return place
  }

  #remove(held: StoredRow): number {
    const place = this.#placeOf(held)
    this.#rows.splice(place, 1)
    this.#byId.delete(held.id)
    return place
  }

  /** Answers the place, beyond all places for a row that comes after what is known. */
  #insert(next: StoredRow): number {
    const place = this.#placeOf(next)
    if (place === this.#rows.length && !this.#isComplete) return Number.POSITIVE_INFINITY
    this.#rows.splice(place, 0, next)
    this.#byId.set(next.id, next)
    if (this.#rows.length <= windowSize(this.#query.limit)) return place
    const last = this.#rows.pop()
    if (last !== undefined) this.#byId.delete(last.id)
    this.#isComplete = false
    return place
  }

  /** Where the row stands, or would stand. */
  #placeOf(row: StoredRow): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#rows[middle]
      if (other !== undefined && compareRows(this.#query.order, other, row) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
