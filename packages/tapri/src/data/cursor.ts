import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Column, Model } from './catalog.ts'
import { storedValue } from './compare.ts'
import { all, always, any, type Condition, equal, type OrderSign, type Primitive, type Search } from './condition.ts'
import type { Order } from './driver.ts'
import { dataError } from './errors.ts'
import { comparable, type StoredRow } from './evaluate.ts'
import { asSeen, mayBeNull } from './mask.ts'
import { rankOf } from './words.ts'

const sealLength = 12

/** What rows are ordered by: by the rank of a search first, where there is one. */
export interface Ordering {
  readonly order: readonly Order[]
  readonly rank: Search | undefined
}

/** Makes and reads cursors: the last row's place in an order, sealed so that nobody makes up a place. */
export class Cursors {
  readonly #secret: string

  constructor(secret: string) {
    this.#secret = secret
  }

  after(model: Model, ordering: Ordering, row: StoredRow): string {
    const { order, rank } = ordering
    const values = order.map(({ column }) => comparable(row[column.name]))
    const place = Buffer.from(JSON.stringify(rank === undefined ? values : [...values, rankOf(rank, row)]))
    return Buffer.concat([this.#seal(model, ordering, place), place]).toString('base64url')
  }

  /** The rows that come after the cursor's.
   * @throws TAPRI_DATA_CURSOR for anything that `after` did not make for this model, order and search */
  read(model: Model, ordering: Ordering, cursor: unknown): Condition {
    if (typeof cursor !== 'string' || cursor.length > 100_000) throw wrong()
    const bytes = Buffer.from(cursor, 'base64url')
    // Buffer skips what is not base64url, so that many texts would be one cursor
    if (bytes.length <= sealLength || bytes.toString('base64url') !== cursor) throw wrong()
    const place = bytes.subarray(sealLength)
    if (!timingSafeEqual(bytes.subarray(0, sealLength), this.#seal(model, ordering, place))) throw wrong()
    return afterRanked(model, ordering, JSON.parse(place.toString()))
  }

  #seal(model: Model, { order, rank }: Ordering, place: Buffer): Buffer {
    const bound = order.map(({ column, down }) => (down ? `-${column.name}` : column.name)).join(' ')
    const ranked = rank === undefined ? '' : ` ${JSON.stringify([rank.words, rank.fields.map(({ field }) => field.name)])}`
    const seal = createHmac('sha256', this.#secret).update(`${model.name} ${bound}${ranked}\n`).update(place)
    return seal.digest().subarray(0, sealLength)
  }
}

function afterRanked(model: Model, { order, rank }: Ordering, place: unknown): Condition {
  if (!Array.isArray(place)) throw wrong()
  const after = afterPlace(order, valuesOf(model, order, place.slice(0, order.length)))
  if (rank === undefined) return after
  const value = Number(place[order.length])
  const ranked = (sign: OrderSign): Condition => ({ kind: 'rank', of: rank, sign, value })
  return all([ranked('lte'), any([ranked('lt'), after])])
}

function valuesOf(model: Model, order: readonly Order[], place: readonly unknown[]): Primitive[] {
  if (place.length !== order.length) throw wrong()
  return order.map(({ column }, index) => {
    const value = place[index]
    return storedValue(model, column, column.comparison === 'time' && typeof value === 'number' ? new Date(value) : value)
  })
}

/** Equal in the first columns and beyond in the next, for each number of first columns. */
function afterPlace(order: readonly Order[], values: readonly Primitive[]): Condition {
  const ways = order.map((_, length) => {
    const same = order.slice(0, length).map((each, index) => seen(each, (column) => equal(column, values[index] ?? null)))
    return all([...same, ...order.slice(length, length + 1).map((each) => beyond(each, values[length] ?? null))])
  })
  return all([fromFirst(order[0], values[0] ?? null), any(ways)])
}

function seen({ column, open = always }: Order, compile: (column: Column) => Condition): Condition {
  return asSeen(column, open, compile)
}

function beyond(order: Order, value: Primitive): Condition {
  return seen(order, (column) => {
    // null comes first going up, last going down
    if (value === null) return order.down ? any([]) : equal(column, null, true)
    const bound = orderable(value)
    if (!order.down) return { kind: 'order', column, sign: 'gt', value: bound }
    return any([{ kind: 'order', column, sign: 'lt', value: bound }, column.nullable ? equal(column, null) : any([])])
  })
}

/** Says nothing new, but says it so that a database can begin at the right place of an index. */
function fromFirst(first: Order | undefined, value: Primitive): Condition {
  if (first === undefined || value === null || mayBeNull(first.column)) return all([])
  return { kind: 'order', column: first.column, sign: first.down ? 'lte' : 'gte', value: orderable(value) }
}

/** Truth orders as 0 and 1. */
function orderable(value: string | number | boolean): string | number {
  return typeof value === 'boolean' ? Number(value) : value
}

function wrong() {
  return dataError(
    'TAPRI_DATA_CURSOR',
    'Cannot go on after this cursor: take `next` of a page with the same order and search, as it is',
  )
}
