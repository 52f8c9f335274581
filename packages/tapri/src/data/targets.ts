import type { Model } from './catalog.ts'
import { all, notDeleted, within } from './condition.ts'
import type { Transaction } from './driver.ts'
import { dataError } from './errors.ts'
import { matches } from './evaluate.ts'

type Values = Readonly<Record<string, unknown>>

/** Refuses values that name no row. Said here with the field's name; a database only says that some key is wrong,
 * and at COMMIT. */
export async function requireTargets(session: Transaction, model: Model, rows: readonly Values[]): Promise<void> {
  for (const { name, target } of model.references) {
    const ids = new Set<string>()
    for (const values of rows) {
      const id = values[name]
      if (typeof id === 'string') ids.add(id)
    }
    const missing = await missingOf(session, target, ids)
    if (missing === undefined) continue
    const message = `names no row of ${target.name}`
    throw dataError('TAPRI_DATA_NO_SUCH_ROW', `Cannot save in ${model.name}: ${name} "${missing}" ${message}`, {
      issues: [{ path: [name], message }],
    })
  }
}

async function missingOf(session: Transaction, target: Model, ids: ReadonlySet<string>): Promise<string | undefined> {
  const [first] = ids
  if (first === undefined) return undefined
  if (ids.size === 1) {
    const row = await session.row(target, first)
    return row === undefined || !matches(notDeleted(target), row) ? first : undefined
  }
  const columns = [target.id]
  const order = [{ column: target.id, down: false }]
  const condition = all([within(target.id, ids), notDeleted(target)])
  const found = await session.select({ model: target, columns, condition, order, limit: ids.size, offset: 0 })
  const known = new Set(found.map(({ id }) => id))
  return [...ids].find((id) => !known.has(id))
}
