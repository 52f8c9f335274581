import { deny } from '../kit/errors.ts'
import type { Model } from './catalog.ts'
import type { Transaction } from './driver.ts'
import type { Scope } from './engine.ts'
import type { StoredRow } from './evaluate.ts'
import { requireFields, requireFieldsBefore } from './field-writes.ts'
import { fits, wouldFit } from './fits.ts'
import type { Action } from './policy.ts'

/** What is to become of a row, and the values that the asker gave for that. */
export interface Outcome {
  readonly action: 'create' | 'update'
  readonly given: unknown
  readonly row: StoredRow
}

/** Refuses what is not allowed before it is written: what a unique key says of other rows is not for everybody. Answers false
 * where only the written row tells. */
export async function requireBefore(
  scope: Scope,
  session: Transaction,
  model: Model,
  { action, given, row }: Outcome,
): Promise<boolean> {
  const would = await wouldFit(session, model, scope.allowed(model, action), row)
  if (would === false) throw denied(model, action)
  return (await requireFieldsBefore(scope, session, model, given, row)) && would === true
}

/** The same of the row as it is written. */
export async function requireAfter(
  scope: Scope,
  session: Transaction,
  model: Model,
  { action, given, row }: Outcome,
): Promise<void> {
  if (!(await fits(session, model, scope.allowed(model, action), row))) throw denied(model, action)
  await requireFields(scope, session, model, given, row)
}

export function denied(model: Model, action: Action) {
  return deny(`Cannot ${action} this row of ${model.name}: its policy does not allow it to you`)
}
