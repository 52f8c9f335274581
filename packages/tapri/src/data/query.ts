import type { Column, Model, Relation } from './catalog.ts'
import type { Order } from './driver.ts'
import { dataError } from './errors.ts'
import { isRecord, nameOf, visibleColumn } from './where.ts'

/** A query as people write it, taken apart. */
export interface Query {
  readonly where: unknown
  readonly with: readonly Relation[]
  readonly order: readonly Order[]
  readonly limit: number
  readonly offset: number
  readonly after: unknown
}

const usualLimit = 1000
const highestLimit = 10_000
const highestOffset = 100_000

type Part = 'where' | 'with' | 'orderBy' | 'limit' | 'page' | 'after'

/** @throws TAPRI_DATA_QUERY for what is not a query of this model */
export function readQuery(model: Model, query: unknown, everything: boolean, parts: readonly Part[]): Query {
  if (query !== undefined && !isRecord(query)) throw wrong(model, `the query must be an object, not ${nameOf(query)}`)
  const given = query ?? {}
  const unknown = Object.keys(given).find((key) => !parts.some((part) => part === key))
  if (unknown !== undefined) throw wrong(model, `"${unknown}" is none of ${parts.join(', ')}`)
  const limit = readCount(model, 'limit', given.limit, usualLimit)
  if (limit > highestLimit) throw wrong(model, `the limit is ${limit}, at most ${highestLimit} rows can be had at once`)
  return {
    where: given.where,
    with: readWith(model, given.with, everything),
    order: readOrder(model, given.orderBy, everything),
    limit,
    offset: readOffset(model, given.page, limit),
    after: given.after,
  }
}

function readCount(model: Model, name: string, value: unknown, usual: number): number {
  if (value === undefined) return usual
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw wrong(model, `the ${name} must be a whole number of at least 1, it is ${nameOf(value)}`)
  }
  return value
}

function readOffset(model: Model, value: unknown, limit: number): number {
  const offset = (readCount(model, 'page', value, 1) - 1) * limit
  // the database reads all the rows that it skips
  if (offset > highestOffset)
    throw wrong(model, `page ${nameOf(value)} begins after more than ${highestOffset} rows: use page() with a cursor`)
  return offset
}

function readWith(model: Model, value: unknown, everything: boolean): Relation[] {
  if (value === undefined) return []
  if (!isRecord(value)) throw wrong(model, `"with" must be an object, not ${nameOf(value)}`)
  const known = new Map([...model.relations].filter(([, relation]) => everything || !isPrivate(relation)))
  const relations: Relation[] = []
  for (const key of Object.keys(value)) {
    const relation = known.get(key)
    if (relation === undefined) {
      throw wrong(model, `it has no relation "${key}" here, only ${[...known.keys()].join(', ') || 'none'}`)
    }
    if (value[key] === true) relations.push(relation)
    else if (value[key] !== undefined && value[key] !== false) throw wrong(model, `"${key}" in "with" must be true`)
  }
  return relations
}

/** The other side of a private field tells what it holds. */
function isPrivate(relation: Relation): boolean {
  return relation.kind === 'one' ? relation.column.private : relation.by.private
}

function readOrder(model: Model, value: unknown, everything: boolean): Order[] {
  const names: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value]
  const order: Order[] = []
  for (const name of names) {
    if (typeof name !== 'string') throw wrong(model, `"orderBy" must be field names, not ${nameOf(name)}`)
    const down = name.startsWith('-')
    const column = sortable(model, visibleColumn(model, down ? name.slice(1) : name, { everything }))
    if (!order.some((each) => each.column === column)) order.push({ column, down })
  }
  return decided(model, order)
}

/** The id decides among equals, in the direction of the last field; nothing after it can say more. */
function decided(model: Model, order: readonly Order[]): Order[] {
  const at = order.findIndex(({ column }) => column === model.id)
  return at >= 0 ? order.slice(0, at + 1) : [...order, { column: model.id, down: order.at(-1)?.down ?? false }]
}

function sortable(model: Model, column: Column): Column {
  if (column.comparison === 'list' || column.comparison === 'opaque') throw wrong(model, `"${column.name}" has no order`)
  return column
}

function wrong(model: Model, reason: string) {
  return dataError('TAPRI_DATA_QUERY', `Cannot query ${model.name}: ${reason}`)
}
