import { asksOthers, byIds, ownersNamedBy, type Select, type StoredRow } from '../../data/index.ts'
import { compareRows } from './copy.ts'
import { decidedOrder, isWindow } from './questions.ts'
import { windowSize } from './window.ts'

/** What a find may ask for; only the relations of rows are asked for beyond it. */
const mostFound = 10_000
const mostRead = 20_000

/** A query for the rows that belong to several others, as one for those of each. */
export interface Split {
  /** Of each row that they belong to, by its id. */
  readonly parts: ReadonlyMap<string, Select>
  /** The rows of some of them, in one read. */
  together(owners: readonly string[]): Select
  ownerOf(row: StoredRow): string
  /** Whether a read of all that was asked for had room for every row: each part is known then. */
  isWhole(rows: readonly StoredRow[]): boolean
}

/** Relations to many rows are kept for each row that has them, so that a list with one row more asks for its own alone. */
export function splitOf(query: Select): Split | undefined {
  const { model, condition, columns, order, limit, each } = query
  const owners = ownersNamedBy(condition)
  if (owners === undefined || asksOthers(owners.rest)) return undefined
  const { column, ids, rest } = owners
  if (each === undefined ? limit <= mostFound : each.column.name !== column.name) return undefined
  const size = each === undefined ? undefined : windowSize(each.limit)
  if (size !== undefined && size * ids.length > mostRead) return undefined
  const { each: _, ...plain } = query
  const partOf = (id: string): Select => ({ ...plain, condition: byIds(column, [id], rest), limit: each?.limit ?? limit })
  if (!isWindow(partOf('')) || !columns.some(({ name }) => name === column.name)) return undefined
  return {
    parts: new Map(ids.map((id) => [id, partOf(id)])),
    together: (some) => ({
      ...plain,
      condition: byIds(column, some, rest),
      order: decidedOrder(model, order),
      limit: size === undefined ? limit : size * some.length,
      ...(size !== undefined && { each: { column, limit: size } }),
    }),
    ownerOf: (row) => String(row[column.name]),
    isWhole: (rows) => size !== undefined || rows.length < limit,
  }
}

/** The rows of all parts in the order of the query. */
export function joined({ model, order, limit }: Select, parts: readonly (readonly StoredRow[])[]): StoredRow[] {
  const decided = decidedOrder(model, order)
  return parts
    .flat()
    .sort((one, other) => compareRows(decided, one, other))
    .slice(0, limit)
}
