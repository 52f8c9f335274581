import { deny } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import type { Model } from './catalog.ts'
import { all, asksOthers, type Condition, equal } from './condition.ts'
import type { Transaction } from './driver.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import { matches, type StoredRow } from './evaluate.ts'
import type { Action } from './policy.ts'
import { type GivenRow, presentCopy } from './present.ts'
import { missing } from './read.ts'
import { removeRow } from './remove.ts'
import { changedValues, newRow } from './values.ts'

export async function create(scope: Scope, model: Model, given: unknown): Promise<GivenRow> {
  scope.requireWritable()
  const allowed = scope.allowed(model, 'create')
  if (allowed.kind === 'never') throw denied(model, 'create')
  const row = newRow(model, newId(scope.engine.clock.now()), given)
  await scope.write(async ({ session, changes }) => {
    await requireTargets(session, model, row)
    await session.insert(model, row)
    if (!(await fits(session, model, allowed, row))) throw denied(model, 'create')
    changes.push({ model: model.name, id: row.id, before: null, after: row })
  })
  return presentCopy(scope, model, row)
}

export async function update(scope: Scope, model: Model, id: unknown, given: unknown): Promise<GivenRow> {
  const row = await scope.write(async ({ session, changes }) => {
    const before = await requireRow(scope, session, model, id)
    const allowed = scope.allowed(model, 'update')
    if (!(await fits(session, model, allowed, before))) throw denied(model, 'update')
    const values = changedValues(model, before, given)
    if (Object.keys(values).length === 0) return before
    const after = { ...before, ...values }
    await requireTargets(session, model, values)
    await session.update(model, before.id, values)
    // a row cannot be changed into one that its changer could not have changed
    if (!(await fits(session, model, allowed, after))) throw denied(model, 'update')
    changes.push({ model: model.name, id: before.id, before, after })
    return after
  })
  return presentCopy(scope, model, row)
}

export async function remove(scope: Scope, model: Model, id: unknown): Promise<void> {
  await scope.write(async (transaction) => {
    const { session } = transaction
    const row = await requireRow(scope, session, model, id)
    if (!(await fits(session, model, scope.allowed(model, 'delete'), row))) throw denied(model, 'delete')
    await removeRow(transaction, model, row)
  })
}

/** A row that may not be read is not there. */
async function requireRow(scope: Scope, session: Transaction, model: Model, id: unknown): Promise<StoredRow> {
  const row = typeof id === 'string' ? await session.lock(model, id) : undefined
  if (row === undefined || !(await fits(session, model, scope.allowed(model, 'read'), row))) throw missing(model, id)
  return row
}

async function fits(session: Transaction, model: Model, condition: Condition, row: StoredRow): Promise<boolean> {
  if (!asksOthers(condition)) return matches(condition, row)
  return (await session.count(model, all([equal(model.id, row.id), condition]))) > 0
}

/** Said here with the field's name; the database only says that some key is wrong, and at COMMIT. */
async function requireTargets(session: Transaction, model: Model, values: Readonly<Record<string, unknown>>): Promise<void> {
  for (const { name, target } of model.references) {
    const id = values[name]
    if (typeof id !== 'string' || (await session.row(target, id)) !== undefined) continue
    const message = `names no row of ${target.name}`
    throw dataError('TAPRI_DATA_NO_SUCH_ROW', `Cannot save in ${model.name}: ${name} "${id}" ${message}`, {
      issues: [{ path: [name], message }],
    })
  }
}

function denied(model: Model, action: Action) {
  return deny(`Cannot ${action} this row of ${model.name}: its policy does not allow it to you`)
}
