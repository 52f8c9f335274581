import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Column, Model } from './catalog.ts'
import { storedValue } from './compare.ts'
import { all, always, any, type Condition, equal, type Primitive } from './condition.ts'
import type { Order } from './driver.ts'
import { dataError } from './errors.ts'
import { comparable, type StoredRow } from './evaluate.ts'
import { asSeen, mayBeNull } from './mask.ts'

const sealLength = 12

/** Makes and reads cursors: the last row's place in an order, sealed so that nobody makes up a place. */
export class Cursors {
  readonly #secret: string

  constructor(secret: string) {
    this.#secret = secret
  }

  after(model: Model, order: readonly Order[], row: StoredRow): string {
    const values = order.map(({ column }) => comparable(row[column.name]))
    const place = Buffer.from(JSON.stringify(values))
    return Buffer.concat([this.#seal(model, order, place), place]).toString('base64url')
  }

  /** The rows that come after the cursor's.
   * @throws TAPRI_DATA_CURSOR for anything that `after` did not make for this model and order */
  read(model: Model, order: readonly Order[], cursor: unknown): Condition {
    if (typeof cursor !== 'string' || cursor.length > 100_000) throw wrong()
    const bytes = Buffer.from(cursor, 'base64url')
    // Buffer skips what is not base64url, so that many texts would be one cursor
    if (bytes.length <= sealLength || bytes.toString('base64url') !== cursor) throw wrong()
    const place = bytes.subarray(sealLength)
    if (!timingSafeEqual(bytes.subarray(0, sealLength), this.#seal(model, order, place))) throw wrong()
    return afterPlace(order, valuesOf(model, order, JSON.parse(place.toString())))
  }

  #seal(model: Model, order: readonly Order[], place: Buffer): Buffer {
    const bound = order.map(({ column, down }) => (down ? `-${column.name}` : column.name)).join(' ')
    const seal = createHmac('sha256', this.#secret).update(`${model.name} ${bound}\n`).update(place)
    return seal.digest().subarray(0, sealLength)
  }
}

function valuesOf(model: Model, order: readonly Order[], place: unknown): Primitive[] {
  if (!Array.isArray(place) || place.length !== order.length) throw wrong()
  return order.map(({ column }, index) => {
    const value: unknown = place[index]
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
  return dataError('TAPRI_DATA_CURSOR', 'Cannot go on after this cursor: take `next` of a page with the same order, as it is')
}
