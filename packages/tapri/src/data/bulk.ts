import { TapriError } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import type { Column, Model } from './catalog.ts'
import { isRecord, nameOf, storedValue, wrong } from './compare.ts'
import { all, always, type Condition, equal } from './condition.ts'
import type { Transaction } from './driver.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import { fits } from './fits.ts'
import { takeLinks } from './link.ts'
import { pausing } from './pause.ts'
import { type GivenRow, presentAllWritten, presentWritten } from './present.ts'
import { readParts } from './query.ts'
import { requireTargets } from './targets.ts'
import { newRow } from './values.ts'
import { compileWhere } from './where.ts'
import { changeRow, dropRows, type FreshRow, insertRow, readForever, requireOpening } from './write.ts'

/** Each row of a bulk write is checked and logged, and all others wait for it. */
const mostRows = 10_000
const shownAtOnce = 500

export async function createMany(scope: Scope, model: Model, given: unknown): Promise<GivenRow[]> {
  scope.requireWritable()
  requireOpening(scope, model)
  if (!Array.isArray(given)) throw wrong(model, `createMany takes a list, not ${nameOf(given)}`)
  if (given.length > mostRows) throw tooMany(model)
  const pause = pausing()
  const entries: FreshRow[] = []
  // a list of one's own: the caller may change theirs meanwhile
  for (const each of [...given]) {
    const { values, linkings } = takeLinks(model, each)
    entries.push({ row: newRow(model, newId(scope.engine.clock.now()), values), linkings, values })
    await pause()
  }
  const rows = entries.map(({ row }) => row)
  await scope.write(async (transaction) => {
    await requireTargets(scope, transaction.session, model, rows)
    for (const entry of entries) {
      await insertRow(scope, transaction, model, entry)
      await pause()
    }
  })
  const shown: GivenRow[] = []
  for (let at = 0; at < rows.length; at += shownAtOnce) {
    for (const row of await presentAllWritten(scope, model, rows.slice(at, at + shownAtOnce))) shown.push(row)
    await pause()
  }
  return shown
}

/** Changes the rows that match and that the asker may change; answers how many there were. */
export async function updateWhere(scope: Scope, model: Model, where: unknown, given: unknown): Promise<number> {
  return scope.write(async (transaction) => {
    const rows = await selectWritable(scope, transaction.session, model, where, scope.allowed(model, 'update'))
    const pause = pausing()
    for (const row of rows) {
      await changeRow(scope, transaction, model, row, given)
      await pause()
    }
    return rows.length
  })
}

/** Deletes the rows that match and that the asker may delete; answers how many there were. */
export async function deleteWhere(scope: Scope, model: Model, where: unknown, options: unknown): Promise<number> {
  const forever = readForever(scope, model, options)
  const there = forever ? scope.ruled(model, 'delete') : scope.allowed(model, 'delete')
  return scope.write(async (transaction) => {
    const rows = await selectWritable(scope, transaction.session, model, where, there)
    await dropRows(scope, transaction, model, rows, forever)
    return rows.length
  })
}

/** Makes the row, or changes the one that has the same values in `on`. */
export async function upsert(scope: Scope, model: Model, given: unknown, options: unknown): Promise<GivenRow> {
  scope.requireWritable()
  const { on, update } = readParts(model, options, ['on', 'update'])
  const key = keyOf(model, on)
  const { values, linkings } = takeLinks(model, given)
  const fresh = newRow(model, newId(scope.engine.clock.now()), values)
  const condition = all(key.map((column) => equal(column, storedValue(model, column, fresh[column.name]))))
  const changes = update ?? withoutKey(given, key)
  const row = await scope.write(async (transaction) => {
    const { session } = transaction
    const make = async () => {
      requireOpening(scope, model)
      await requireTargets(scope, session, model, [fresh])
      await insertRow(scope, transaction, model, { row: fresh, linkings, values })
      return fresh
    }
    const change = (before: StoredRow) => changeRow(scope, transaction, model, before, changes)
    const mayFind = (row: StoredRow) => fits(session, model, findable(scope, model, key), row)
    // null is equal to nothing in a unique key
    if (key.some(({ name }) => fresh[name] === null)) return make()
    const before = await lockFirst(session, model, condition)
    // a caller who may not find the row is told what `create` tells
    if (before !== undefined) return (await mayFind(before)) ? change(before) : make()
    try {
      return await session.savepoint(make)
    } catch (error) {
      const other = isTaken(error) ? await lockFirst(session, model, condition) : undefined
      // somebody made it in between
      if (other !== undefined && (await mayFind(other))) return change(other)
      // it is there, and this transaction began too early to see it: run again, it does
      if (other === undefined && isTaken(error) && isOfKey(error, key)) throw madeMeanwhile(model, error)
      throw error
    }
  })
  return presentWritten(scope, model, row)
}

async function selectWritable(
  scope: Scope,
  session: Transaction,
  model: Model,
  where: unknown,
  allowed: Condition,
): Promise<StoredRow[]> {
  const wanted = compileWhere(scope.engine.catalog, model, where ?? null, scope)
  const condition = all([wanted, scope.ruled(model, 'read'), allowed])
  if (condition.kind === 'never') return []
  const rows = await selectLocked(session, model, condition, mostRows + 1)
  if (rows.length > mostRows) throw tooMany(model)
  return rows
}

async function lockFirst(session: Transaction, model: Model, condition: Condition): Promise<StoredRow | undefined> {
  return (await selectLocked(session, model, condition, 1))[0]
}

function selectLocked(session: Transaction, model: Model, condition: Condition, limit: number): Promise<StoredRow[]> {
  const order = [{ column: model.id, down: false }]
  return session.select({ model, columns: model.columns, condition, order, limit, offset: 0, lock: true })
}

function keyOf(model: Model, on: unknown): Column[] {
  const names: readonly unknown[] = Array.isArray(on) ? on : []
  const group = model.unique.find((each) => each.length === names.length && each.every((name) => names.includes(name)))
  if (group === undefined || names.length === 0) {
    const known = model.unique.map((each) => `[${each.join(', ')}]`).join(', ') || 'none'
    throw wrong(model, `"on" must name the fields of a unique key (${known})`)
  }
  return group.flatMap((name) => model.column.get(name) ?? [])
}

/** The rows that the asker may know by their key: those that it may read with it. By a private field nobody may find rows,
 * but for those that one may change, since whoever changes a row learns whether a value is taken by another one. */
function findable(scope: Scope, model: Model, key: readonly Column[]): Condition {
  const opened = key.map((column) => scope.opened(model, column))
  const isPrivate = key.some((column) => column.private)
  return all([scope.allowed(model, 'read'), ...opened, isPrivate ? scope.allowed(model, 'update') : always])
}

function withoutKey(given: unknown, key: readonly Column[]): unknown {
  if (!isRecord(given)) return given
  return Object.fromEntries(Object.entries(given).filter(([name]) => !key.some((column) => column.name === name)))
}

function isTaken(error: unknown): error is TapriError {
  return error instanceof TapriError && error.code === 'TAPRI_DATA_NOT_UNIQUE'
}

/** Whether the key itself is taken, not another one. */
function isOfKey({ issues = [] }: TapriError, key: readonly Column[]): boolean {
  return issues.length === key.length && key.every(({ name }) => issues.some(({ path }) => path[0] === name))
}

function madeMeanwhile(model: Model, cause: Error) {
  return dataError(
    'TAPRI_DATA_CONFLICT',
    `Cannot save in ${model.name}: somebody else made the row at the same time, try again`,
    {
      cause,
    },
  )
}

function tooMany(model: Model) {
  return wrong(model, `more than ${mostRows} rows would be written at once: do it in parts`)
}
