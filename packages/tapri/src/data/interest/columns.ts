import type { Column } from '../catalog.ts'
import { columnsOf } from '../condition.ts'
import type { Order } from '../driver.ts'

const known = new WeakMap<readonly Column[], ReadonlySet<string>>()

/** The names of columns, in one set for each list of them. */
export function namesOf(columns: readonly Column[]): ReadonlySet<string> {
  let names = known.get(columns)
  if (names === undefined) {
    names = new Set(columns.map(({ name }) => name))
    known.set(columns, names)
  }
  return names
}

/** The columns that decide what is given of rows, when these are read and they are ordered so. */
export function namesRead(read: readonly Column[], order: readonly Order[]): ReadonlySet<string> {
  // where a field is not open it is null to the order too, and the rule tells where that is
  const rules = order.flatMap(({ open }) => (open === undefined ? [] : columnsOf(open)))
  return rules.length === 0 ? namesOf(read) : new Set([...namesOf(read), ...rules])
}
