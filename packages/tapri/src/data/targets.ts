import { TapriError } from '../kit/errors.ts'
import type { Model } from './catalog.ts'
import { all, any, asksOthers, type Condition, equal, notDeleted, within } from './condition.ts'
import type { Transaction } from './driver.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import { matches } from './evaluate.ts'

type Values = Readonly<Record<string, unknown>>

/** Transactions that left it to the database to find out whether the rows are there that theirs refer to. */
const leftToDatabase = new WeakSet<Transaction>()

/** Whether what a write was refused for may hide that it names no row: the database found it first, which should be told last. */
export function mayNameNoRow(session: Transaction, error: unknown): error is TapriError {
  return leftToDatabase.has(session) && error instanceof TapriError && error.code === 'TAPRI_DATA_NOT_UNIQUE'
}

/** Refuses values that name no row, or none that the asker may read: the two are not told apart. Said here with the
 * field's name; a database only says that some key is wrong, and at COMMIT. */
export async function requireTargets(scope: Scope, session: Transaction, model: Model, rows: readonly Values[]): Promise<void> {
  return askForTargets(scope, session, model, rows, session.keepsReferences === true)
}

/** Runs the check of a policy: what names no row is told first, also where only the database would have said so later. */
export async function afterTargets<T>(
  scope: Scope,
  session: Transaction,
  model: Model,
  values: Values,
  check: () => Promise<T>,
): Promise<T> {
  try {
    return await check()
  } catch (error) {
    if (session.keepsReferences === true) await askForTargets(scope, session, model, [values], false)
    throw error
  }
}

async function askForTargets(
  scope: Scope,
  session: Transaction,
  model: Model,
  rows: readonly Values[],
  isKept: boolean,
): Promise<void> {
  for (const { name, target } of model.references) {
    const ids = new Set<string>()
    for (const values of rows) {
      const id = values[name]
      if (typeof id === 'string') ids.add(id)
    }
    const nameable = nameableOf(scope, target)
    if (isKept && [...ids].every((id) => isOpen(nameable, id))) {
      if (ids.size > 0) leftToDatabase.add(session)
      continue
    }
    const missing = await missingOf(session, target, ids, nameable)
    if (missing === undefined) continue
    const message = `names no row of ${target.name}`
    throw dataError('TAPRI_DATA_NO_SUCH_ROW', `Cannot save in ${model.name}: ${name} "${missing}" ${message}`, {
      issues: [{ path: [name], message }],
    })
  }
}

/** What may be read, and who asks: it may name itself also where nobody reads users. */
function nameableOf(scope: Scope, target: Model): Condition {
  const { user } = scope
  const readable = scope.guard(target)
  if (target.name !== 'users' || user === null) return readable
  return any([readable, all([equal(target.id, user.id), notDeleted(target)])])
}

/** Whether the row of that id may be named if only it is there. */
function isOpen(nameable: Condition, id: string): boolean {
  if (nameable.kind === 'any') return nameable.of.some((part) => isOpen(part, id))
  if (nameable.kind !== 'equal') return nameable.kind === 'always'
  return !nameable.negated && nameable.column.name === 'id' && nameable.value === id
}

async function missingOf(
  session: Transaction,
  target: Model,
  ids: ReadonlySet<string>,
  readable: Condition,
): Promise<string | undefined> {
  const [first] = ids
  if (first === undefined || readable.kind === 'never') return first
  if (ids.size === 1 && !asksOthers(readable)) {
    const row = await session.row(target, first)
    return row === undefined || !matches(readable, row) ? first : undefined
  }
  const columns = [target.id]
  const order = [{ column: target.id, down: false }]
  const condition = all([within(target.id, ids), readable])
  const found = await session.select({ model: target, columns, condition, order, limit: ids.size, offset: 0 })
  const known = new Set(found.map(({ id }) => id))
  return [...ids].find((id) => !known.has(id))
}
