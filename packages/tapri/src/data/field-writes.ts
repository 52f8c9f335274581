import type { Column, Model } from './catalog.ts'
import { isRecord } from './compare.ts'
import type { Transaction } from './driver.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import { fits, wouldFit } from './fits.ts'
import { isAdd } from './values.ts'

/**
 * Refuses what is given for fields that the asker may not write in this row. Whether it would change them does not
 * count: that would tell what they hold.
 * @throws TAPRI_DATA_FIELD_DENIED
 */
export async function requireFields(
  scope: Scope,
  session: Transaction,
  model: Model,
  given: unknown,
  row: StoredRow,
): Promise<void> {
  if (scope.everything) return
  for (const column of columnsIn(model, given)) {
    if (!(await fits(session, model, scope.writable(model, column), row))) throw notWritable(model, column)
  }
}

/** The same of a row that is not written as it is; answers false where only the written row tells.
 * @throws TAPRI_DATA_FIELD_DENIED */
export async function requireFieldsBefore(
  scope: Scope,
  session: Transaction,
  model: Model,
  given: unknown,
  row: StoredRow,
): Promise<boolean> {
  if (scope.everything) return true
  let isSettled = true
  for (const column of columnsIn(model, given)) {
    const would = await wouldFit(session, model, scope.writable(model, column), row)
    if (would === false) throw notWritable(model, column)
    isSettled &&= would !== undefined
  }
  return isSettled
}

/** Refuses to add to what the asker may not read: bounds and nulls would tell what was there.
 * @throws TAPRI_DATA_FIELD_DENIED */
export async function requireAddable(
  scope: Scope,
  session: Transaction,
  model: Model,
  given: unknown,
  row: StoredRow,
): Promise<void> {
  if (scope.everything || model.guarded.length === 0 || !isRecord(given)) return
  for (const column of columnsIn(model, given)) {
    if (!column.guarded || !isAdd(given[column.name])) continue
    if (!(await fits(session, model, scope.opened(model, column), row))) {
      throw denied(model, column, 'you may not read what would be added to')
    }
  }
}

function columnsIn(model: Model, given: unknown): Column[] {
  if (!isRecord(given)) return []
  return Object.keys(given).flatMap((name) => (given[name] === undefined ? [] : (model.column.get(name) ?? [])))
}

function notWritable(model: Model, column: Column) {
  return denied(model, column, 'its policy does not let you write it in this row')
}

function denied(model: Model, { name }: Column, why: string) {
  return dataError('TAPRI_DATA_FIELD_DENIED', `Cannot write "${name}" of ${model.name}: ${why}`, {
    issues: [{ path: [name], message: why }],
  })
}
