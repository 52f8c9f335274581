import { newId } from '../kit/ids.ts'
import type { Model } from './catalog.ts'
import { nameOf, wrong } from './compare.ts'
import type { Condition } from './condition.ts'
import type { Transaction } from './driver.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import { requireAddable, requireFields } from './field-writes.ts'
import { fits } from './fits.ts'
import { type Linking, takeLinks, writeLinks } from './link.ts'
import { pausing } from './pause.ts'
import { denied, requireAfter, requireBefore } from './permit.ts'
import { type GivenRow, presentWritten } from './present.ts'
import { readParts } from './query.ts'
import { mayBeId, missing } from './read.ts'
import { removeRows } from './remove.ts'
import { afterTargets, requireTargets } from './targets.ts'
import type { OpenTransaction } from './transaction.ts'
import { changedValues, newRow, withVersion } from './values.ts'

export async function create(scope: Scope, model: Model, given: unknown): Promise<GivenRow> {
  scope.requireWritable()
  requireOpening(scope, model)
  const { values, linkings } = takeLinks(model, given)
  const row = newRow(model, newId(scope.engine.clock.now()), values)
  await scope.write(async (transaction) => {
    await requireTargets(scope, transaction.session, model, [row])
    await insertRow(scope, transaction, model, { row, linkings, values })
  })
  return presentWritten(scope, model, row)
}

export async function update(scope: Scope, model: Model, id: unknown, given: unknown, options: unknown): Promise<GivenRow> {
  const { version } = readParts(model, options, ['version'])
  const row = await scope.write(async (transaction) => {
    const before = await requireRow(scope, transaction.session, model, id)
    if (version !== undefined) requireVersion(scope, model, before, version)
    return changeRow(scope, transaction, model, before, given)
  }, `${model.name} ${id}`)
  return presentWritten(scope, model, row)
}

export async function remove(scope: Scope, model: Model, id: unknown, options: unknown): Promise<void> {
  const forever = readForever(scope, model, options)
  await scope.write(async (transaction) => {
    const { session } = transaction
    const row = await requireRow(scope, session, model, id, forever ? scope.ruled(model, 'read') : undefined)
    if (!(await fits(session, model, scope.ruled(model, 'delete'), row))) throw denied(model, 'delete')
    await dropRows(scope, transaction, model, [row], forever)
  })
}

/** Takes the mark of deletion away; it needs what deleting needs. */
export async function restore(scope: Scope, model: Model, id: unknown): Promise<GivenRow> {
  const { deletedAt } = model
  if (deletedAt === undefined) throw wrong(model, 'its rows are deleted whole: declare softDelete() to restore them')
  const row = await scope.write(async (transaction) => {
    const { session } = transaction
    const before = await requireRow(scope, session, model, id, scope.ruled(model, 'read'))
    if (!(await fits(session, model, scope.ruled(model, 'delete'), before))) throw denied(model, 'delete')
    return before[deletedAt.name] === null ? before : writeValues(transaction, model, before, { [deletedAt.name]: null })
  })
  return presentWritten(scope, model, row)
}

/** Marks rows as deleted, or deletes them whole where their model knows no mark or the asker says so. */
export async function dropRows(
  scope: Scope,
  transaction: OpenTransaction,
  model: Model,
  rows: readonly StoredRow[],
  forever: boolean,
): Promise<void> {
  const { deletedAt } = model
  if (deletedAt === undefined || forever) return removeRows(scope, transaction, model, rows)
  const moment = new Date(scope.engine.clock.now())
  const pause = pausing()
  for (const row of rows) {
    await writeValues(transaction, model, row, { [deletedAt.name]: moment })
    await pause()
  }
}

/** @throws TAPRI_DATA_QUERY when the asker is not `asSystem` */
export function readForever(scope: Scope, model: Model, options: unknown): boolean {
  const { forever } = readParts(model, options, ['forever'])
  if (forever === true && !scope.everything) throw wrong(model, 'only db.asSystem deletes forever')
  return forever === true
}

async function writeValues(
  { session, changes }: OpenTransaction,
  model: Model,
  before: StoredRow,
  changed: Readonly<Record<string, unknown>>,
): Promise<StoredRow> {
  const values = withVersion(model, before, changed)
  const after = { ...before, ...values }
  await session.update(model, before.id, values)
  changes.push({ model: model.name, id: before.id, before, after })
  return after
}

/** Refuses at once who may make no row at all. */
export function requireOpening(scope: Scope, model: Model): void {
  if (scope.allowed(model, 'create').kind === 'never') throw denied(model, 'create')
}

/** A row to be made, from the values that the asker gave for it. */
export interface FreshRow {
  readonly row: StoredRow
  readonly linkings: readonly Linking[]
  readonly values: unknown
}

/** Writes a row whose targets are there. A refusal undoes what is written here: it is called inside of a write. */
export async function insertRow(
  scope: Scope,
  transaction: OpenTransaction,
  model: Model,
  { row, linkings, values }: FreshRow,
): Promise<void> {
  const { session, changes } = transaction
  const outcome = { action: 'create', given: values, row } as const
  const isSettled = await afterTargets(scope, session, model, row, () => requireBefore(scope, session, model, outcome))
  await session.insert(model, row)
  changes.push({ model: model.name, id: row.id, before: null, after: row })
  for (const linking of linkings) await writeLinks(scope, transaction, row, linking)
  if (!isSettled) await requireAfter(scope, session, model, outcome)
}

/** Changes a row that may be read. */
export async function changeRow(
  scope: Scope,
  transaction: OpenTransaction,
  model: Model,
  before: StoredRow,
  given: unknown,
): Promise<StoredRow> {
  const { session, changes } = transaction
  const { values: wanted, linkings } = takeLinks(model, given)
  const allowed = scope.allowed(model, 'update')
  if (!(await fits(session, model, allowed, before))) throw denied(model, 'update')
  await requireFields(scope, session, model, wanted, before)
  await requireAddable(scope, session, model, wanted, before)
  for (const linking of linkings) await writeLinks(scope, transaction, before, linking)
  const changed = changedValues(model, before, wanted)
  const isTouched = Object.keys(changed).length > 0 || linkings.length > 0
  const values = isTouched ? withVersion(model, before, changed) : changed
  const isChanged = Object.keys(values).length > 0
  const after = isChanged ? { ...before, ...values } : before
  // a row cannot be changed into one that its changer could not have changed
  const outcome = { action: 'update', given: wanted, row: after } as const
  if (isChanged) await requireTargets(scope, session, model, [values])
  const check = () => requireBefore(scope, session, model, outcome)
  const isSettled = !isTouched || (await afterTargets(scope, session, model, values, check))
  if (isChanged) {
    await session.update(model, before.id, values)
    changes.push({ model: model.name, id: before.id, before, after })
  }
  if (!isSettled) await requireAfter(scope, session, model, outcome)
  return after
}

function requireVersion(scope: Scope, model: Model, before: StoredRow, expected: unknown): void {
  if (model.version === undefined || !Number.isSafeInteger(expected)) {
    throw wrong(model, `${nameOf(expected)} is no version of its rows: declare version(), and give the number that was read`)
  }
  const actual = before[model.version.name]
  if (actual === expected) return
  const isHidden = (model.version.private || model.version.guarded) && !scope.everything
  const now = isHidden ? 'another version' : `version ${actual}`
  throw dataError('TAPRI_DATA_STALE', `Cannot change the row of ${model.name}: it has ${now} now, not ${expected}`)
}

/** A row that may not be read is not there. */
async function requireRow(
  scope: Scope,
  session: Transaction,
  model: Model,
  id: unknown,
  readable: Condition = scope.allowed(model, 'read'),
): Promise<StoredRow> {
  const row = mayBeId(id) ? await session.lock(model, id) : undefined
  if (row === undefined || !(await fits(session, model, readable, row))) throw missing(model, id)
  return row
}
