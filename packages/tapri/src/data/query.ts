import type { Model } from './catalog.ts'
import { isRecord, nameOf, wrong } from './compare.ts'
import type { Condition, Search } from './condition.ts'
import type { Order } from './driver.ts'
import { type Plan, planOf } from './loading.ts'
import { readCount, readOrder } from './order.ts'
import { compileSearch } from './words.ts'

/** A query as people write it, taken apart. */
export interface Query extends Plan {
  readonly where: unknown
  readonly search: Condition
  readonly withDeleted: boolean
  /** What ranks the rows before their order: a search for which none was given. */
  readonly rank: Search | undefined
  readonly order: readonly Order[]
  readonly limit: number
  readonly offset: number
  readonly after: unknown
}

const usualLimit = 1000
const highestLimit = 10_000
const highestOffset = 100_000

type Part = 'withDeleted' | 'where' | 'search' | 'with' | 'select' | 'orderBy' | 'limit' | 'page' | 'after'

/** @throws TAPRI_DATA_QUERY for what is not a query of this model */
export function readQuery(model: Model, query: unknown, everything: boolean, parts: readonly Part[]): Query {
  const given = readParts(model, query, parts)
  const limit = readLimit(model, given.limit, usualLimit)
  const order = readOrder(model, given.orderBy, everything)
  const search = compileSearch(model, given.search)
  const rank = search.kind === 'search' && given.orderBy === undefined ? search : undefined
  const ranked = rank?.fields.map(({ field }) => field) ?? []
  return {
    where: given.where,
    search,
    withDeleted: readDeleted(model, given.withDeleted, everything),
    rank,
    order,
    limit,
    offset: readOffset(model, given.page, limit),
    after: given.after,
    ...planOf(model, given, everything, [...order.map(({ column }) => column), ...ranked]),
  }
}

/** The parts of a query, none of which is unknown. */
export function readParts(model: Model, query: unknown, parts: readonly string[]): Readonly<Record<string, unknown>> {
  if (query !== undefined && !isRecord(query)) throw wrong(model, `the query must be an object, not ${nameOf(query)}`)
  const given = query ?? {}
  const unknown = Object.keys(given).find((key) => !parts.includes(key))
  if (unknown !== undefined) throw wrong(model, `"${unknown}" is none of ${parts.join(', ')}`)
  return given
}

export function readLimit(model: Model, value: unknown, usual: number): number {
  const limit = readCount(model, 'limit', value, usual)
  if (limit > highestLimit) throw wrong(model, `the limit is ${limit}, at most ${highestLimit} rows can be had at once`)
  return limit
}

function readDeleted(model: Model, value: unknown, everything: boolean): boolean {
  if (value === undefined || value === false) return false
  if (value === true && everything) return true
  throw wrong(model, '"withDeleted" is for db.asSystem, and true')
}

function readOffset(model: Model, value: unknown, limit: number): number {
  const offset = (readCount(model, 'page', value, 1) - 1) * limit
  // the database reads all the rows that it skips
  if (offset > highestOffset)
    throw wrong(model, `page ${nameOf(value)} begins after more than ${highestOffset} rows: use page() with a cursor`)
  return offset
}
