import { asksOthers, type Change, idsNamedBy, matches, type Named, type Select, type StoredRow } from '../../data/index.ts'
import { compareRows, copyRow, isSameIn } from './copy.ts'

/** A query that names the ids of its rows, where each row by itself can answer it. */
export function lookupOf({ model, condition, order, each, rank, lock }: Select): Named | undefined {
  if (each !== undefined || rank !== undefined || lock === true || order.some(({ open }) => open !== undefined)) return undefined
  const lookup = idsNamedBy(model, condition)
  return lookup === undefined || asksOthers(lookup.rest) ? undefined : lookup
}

/** The answer, from the rows with these ids that there are. */
export function lookUp({ columns, order, limit, offset }: Select, { rest }: Named, rows: readonly StoredRow[]): StoredRow[] {
  const found = rows.filter((row) => matches(rest, row)).sort((one, other) => compareRows(order, one, other))
  return found.slice(offset, offset + limit).map((row) => copyRow(row, columns))
}

/** Whether a change of one of the rows, told by whole images, alters the answer: the row comes, goes or shows something else. */
export function altersLookup({ columns, order }: Select, { rest }: Named, { before, after }: Change): boolean {
  const was = before !== null && matches(rest, before)
  const is = after !== null && matches(rest, after)
  if (was !== is) return true
  return was && !isSameIn([...columns, ...order.map(({ column }) => column)], { before, after })
}
