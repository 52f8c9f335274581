import type { Column, Model } from './catalog.ts'
import { nameOf, wrong } from './compare.ts'
import type { Order } from './driver.ts'
import { visibleColumn } from './where.ts'

/** Reads `orderBy`.
 * @throws TAPRI_DATA_QUERY */
export function readOrder(model: Model, value: unknown, everything: boolean): Order[] {
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

/** A number of rows or of a page, at least 1. */
export function readCount(model: Model, name: string, value: unknown, usual: number): number {
  if (value === undefined) return usual
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw wrong(model, `the ${name} must be a whole number of at least 1, it is ${nameOf(value)}`)
  }
  return value
}

/** The id decides among equals, in the direction of the last field; nothing after it can say more. */
function decided(model: Model, order: readonly Order[]): Order[] {
  const at = order.findIndex(({ column }) => column === model.id)
  return at >= 0 ? order.slice(0, at + 1) : [...order, { column: model.id, down: order.at(-1)?.down ?? false }]
}

/** The column, when its values have an order. */
export function sortable(model: Model, column: Column): Column {
  if (column.comparison === 'list' || column.comparison === 'opaque') throw wrong(model, `"${column.name}" has no order`)
  return column
}
