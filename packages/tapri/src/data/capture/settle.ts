import { encodeWire } from '../../kit/wire.ts'
import type { Model } from '../catalog.ts'
import type { Change } from '../changes.ts'
import type { Transaction } from '../driver.ts'
import type { StoredRow } from '../evaluate.ts'
import type { OutsideChange } from './capture.ts'

const askedAtOnce = 500

/** What was told of cannot be read yet, as far as can be seen. */
export class Unseen extends Error {}

/**
 * Changes of others as the log tells them. They may be heard when the data room has written to the same rows since, and has its
 * entries in the log already: so the last change of each row ends with the row as it is now, and whoever follows the log has
 * what the database has. In a transaction beside which nobody else of the data room writes.
 * @throws Unseen when that is not sure, and the rows are others than was told
 */
export async function settledChanges(
  told: readonly OutsideChange[],
  transaction: Transaction,
  { isVisible }: { readonly isVisible: boolean },
): Promise<Change[]> {
  if (!isVisible && told.some(isUnknown)) throw new Unseen()
  const changes = told.flatMap(withOneId)
  const last = new Map<Model, Map<string, OutsideChange>>()
  for (const change of changes) {
    if (isUnknown(change)) continue
    const rows = last.get(change.model) ?? new Map<string, OutsideChange>()
    last.set(change.model, rows.set(idOf(change), change))
  }
  const now = new Map<OutsideChange, StoredRow | null>()
  for (const [model, rows] of last) {
    const found = await rowsOf(model, [...rows.keys()], transaction)
    for (const [id, change] of rows) {
      const row = found.get(id) ?? null
      if (!isVisible && encodeWire(row) !== encodeWire(change.after)) throw new Unseen()
      now.set(change, row)
    }
  }
  return changes.flatMap((change) => asChange(change, now))
}

/** A row whose id was changed is another row. */
function withOneId(change: OutsideChange): OutsideChange[] {
  const { model, before, after } = change
  if (before === null || after === null || before.id === after.id) return [change]
  return [
    { model, before, after: null },
    { model, before: null, after },
  ]
}

function asChange(change: OutsideChange, now: ReadonlyMap<OutsideChange, StoredRow | null>): Change[] {
  const { model, before } = change
  if (isUnknown(change)) return [{ model: model.name, id: '', before: null, after: null }]
  const known = now.get(change)
  const after = known === undefined ? change.after : known
  // written as it was, or made and gone again
  if (encodeWire(after) === encodeWire(before)) return []
  return [{ model: model.name, id: idOf(change), before, after }]
}

/** The words of searched fields that others have written are where search looks for them. */
export async function settleWords(
  told: readonly OutsideChange[],
  changes: readonly Change[],
  transaction: Transaction,
): Promise<void> {
  const models = new Map(told.map(({ model }) => [model.name, model]))
  const last = new Map(changes.map((change) => [`${change.model} ${change.id}`, change]))
  for (const { model: name, id, before, after } of last.values()) {
    const searched = (models.get(name)?.search ?? []).map(({ field }) => field.name)
    const model = models.get(name)
    if (model === undefined || after === null || searched.every((field) => before?.[field] === after[field])) continue
    await transaction.update(model, id, Object.fromEntries(searched.map((field) => [field, after[field]])))
  }
}

async function rowsOf(model: Model, ids: readonly string[], transaction: Transaction): Promise<Map<string, StoredRow>> {
  const found = new Map<string, StoredRow>()
  for (let at = 0; at < ids.length; at += askedAtOnce) {
    const values = new Set(ids.slice(at, at + askedAtOnce))
    const condition = { kind: 'in', column: model.id, values, negated: false } as const
    const rows = await transaction.select({ model, columns: model.columns, condition, order: [], limit: values.size, offset: 0 })
    for (const row of rows) found.set(row.id, row)
  }
  return found
}

function isUnknown({ before, after }: OutsideChange): boolean {
  return before === null && after === null
}

function idOf({ before, after }: OutsideChange): string {
  return after?.id ?? before?.id ?? ''
}
