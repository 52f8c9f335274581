import { type Change, type Column, comparable, compareValues, type Order, type StoredRow } from '../../data/index.ts'

type Row = Record<string, unknown> & { readonly id: string }

/** These columns of a row, in their order and with nothing that can be changed in place shared: as a reader gives it. */
export function copyRow(row: StoredRow, columns: readonly Column[]): StoredRow {
  const copy: Record<string, unknown> = {}
  for (const { name } of columns) copy[name] = copyValue(row[name])
  return asRow(copy)
}

/** Shares nothing that can be changed in place with the value. */
export function copyValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return value instanceof Date ? new Date(value) : structuredClone(value)
}

/** Whether both images of the row show the same in these columns. */
export function isSameIn(columns: readonly Column[], { before, after }: Pick<Change, 'before' | 'after'>): boolean {
  if (before === null || after === null) return before === after
  return columns.every(({ name }) => isSame(before[name], after[name]))
}

/** Which of two rows comes first. */
export function compareRows(order: readonly Order[], one: StoredRow, other: StoredRow): number {
  for (const { column, down } of order) {
    const difference = compareValues(comparable(one[column.name]) ?? null, comparable(other[column.name]) ?? null)
    if (difference !== 0) return down ? -difference : difference
  }
  return 0
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true
  const isPlain = typeof one !== 'object' || typeof other !== 'object' || one === null || other === null
  // rows keep values that came from JSON or can go there, in the order of their names
  return !isPlain && JSON.stringify(one) === JSON.stringify(other)
}

// The columns that readers are asked for have the id among them; what is asked for without it is not copied so.
function asRow(copy: Record<string, unknown>): Row {
  return copy as Row
}
