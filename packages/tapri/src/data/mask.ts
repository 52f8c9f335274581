import type { Column, Model } from './catalog.ts'
import { all, any, asksOthers, type Condition, columnsOf, negate, never, within } from './condition.ts'
import type { Order } from './driver.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import { matches, type StoredRow } from './evaluate.ts'
import { namesOf } from './interest/columns.ts'

/**
 * What is said of a guarded column to somebody who may read it in the rows that `open` matches: in all others it is null,
 * to filters as to answers, so that asking around a field tells no more than reading it does.
 * `compile` says it of the column as it is.
 */
export function asSeen(column: Column, open: Condition, compile: (column: Column) => Condition): Condition {
  if (open.kind === 'always') return compile(column)
  const condition = compile({ ...column, nullable: true })
  const holdsForNull = matches(condition, { id: '', [column.name]: null })
  return any([all([open, condition]), holdsForNull ? negate(open) : never])
}

/** Whether the column may be null in what is shown, though its rows always have a value. */
export function mayBeNull({ nullable, guarded }: Column): boolean {
  return nullable || guarded
}

/** An order as the asker sees the values: nothing is told by where a row stands.
 * @throws TAPRI_DATA_FIELD_HIDDEN where the database cannot order so */
export function seenOrder(scope: Scope, model: Model, order: readonly Order[]): readonly Order[] {
  if (scope.everything || model.guarded.length === 0 || !order.some(({ column }) => column.guarded)) return order
  return order.flatMap((each): Order[] => {
    const open = scope.opened(model, each.column)
    if (open.kind === 'always') return [each]
    // what is null in every row orders nothing
    if (open.kind === 'never') return []
    if (scope.engine.driver.ordersAsSeen === true) {
      // where the rule asks other rows, the order goes by them too, whichever rows are shown
      scope.remember(model, open, namesOf([each.column]))
      return [{ ...each, open }]
    }
    throw hiddenField(model, each.column, 'order by', 'this database cannot order rows by a field that is open in some of them')
  })
}

/** @throws TAPRI_DATA_FIELD_HIDDEN unless the asker may read the field in every row */
export function requireOpen(scope: Scope, model: Model, column: Column): void {
  if (scope.opened(model, column).kind === 'always') return
  throw hiddenField(model, column, 'group by', 'you may not read that field in every row')
}

/** Makes null what the asker may not read in rows that were read for it alone. */
export async function hideFields(
  scope: Scope,
  model: Model,
  rows: StoredRow[],
  columns: readonly Column[],
): Promise<StoredRow[]> {
  if (scope.everything || model.guarded.length === 0 || rows.length === 0) return rows
  const seen = rows.map((row): Record<string, unknown> & { readonly id: string } => ({ ...row }))
  for (const column of model.guarded) {
    if (!columns.includes(column)) continue
    const open = scope.opened(model, column)
    if (open.kind === 'always') continue
    const values = await valuesIn(scope, model, column, open, { rows, columns })
    for (const row of seen) row[column.name] = values.get(row.id) ?? null
  }
  return seen
}

interface Read {
  readonly rows: readonly StoredRow[]
  readonly columns: readonly Column[]
}

/** The values in the rows in which the rule opens them, each from the very read in which the rule was asked. */
async function valuesIn(
  scope: Scope,
  model: Model,
  column: Column,
  open: Condition,
  { rows, columns }: Read,
): Promise<ReadonlyMap<string, unknown>> {
  if (open.kind === 'never') return new Map()
  const found = canTell(open, columns)
    ? rows.filter((row) => matches(open, row))
    : await selectOpen(scope, model, column, open, rows)
  return new Map(found.map((row) => [row.id, row[column.name]]))
}

/** Whether a rule can be asked of rows that were read with these columns. */
function canTell(open: Condition, columns: readonly Column[]): boolean {
  return !asksOthers(open) && columnsOf(open).every((name) => columns.some((column) => column.name === name))
}

async function selectOpen(
  scope: Scope,
  model: Model,
  column: Column,
  open: Condition,
  rows: readonly StoredRow[],
): Promise<readonly StoredRow[]> {
  const condition = all([
    within(
      model.id,
      rows.map(({ id }) => id),
    ),
    open,
  ])
  scope.remember(model, condition, namesOf([column]))
  const order = [{ column: model.id, down: false }]
  return scope.reader().select({ model, columns: [model.id, column], condition, order, limit: rows.length, offset: 0 })
}

function hiddenField(model: Model, column: Column, what: string, why: string) {
  return dataError('TAPRI_DATA_FIELD_HIDDEN', `Cannot ${what} "${column.name}" of ${model.name}: ${why}`)
}
