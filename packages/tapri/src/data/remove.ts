import type { Column, Model, Referrer } from './catalog.ts'
import { all, within } from './condition.ts'
import type { Transaction } from './driver.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import { type Held, removeMany } from './remove-many.ts'
import type { OpenTransaction } from './transaction.ts'
import { withVersion } from './values.ts'

/** What goes with the rows is looked at as a whole up to so many; beyond that it goes part by part. */
const mostAtOnce = 1000

/** Deletes rows and settles everything that names them, as `onDelete` says; all of it goes into the change log.
 * @throws TAPRI_DATA_STILL_USED */
export async function removeRows(
  scope: Scope,
  transaction: OpenTransaction,
  model: Model,
  rows: readonly StoredRow[],
): Promise<void> {
  const removal = new Removal(transaction.session)
  if (await removal.collect(model, rows)) {
    const held = removal.restricted()
    if (held.length > 0) throw await stillUsed(scope, transaction.session, model, held)
    await removal.apply(transaction)
    return
  }
  const held = await removeMany(transaction, model, rows)
  if (held.length > 0) throw await stillUsed(scope, transaction.session, model, held)
}

class Removal {
  readonly #session: Transaction
  /** What goes, in the order of finding: a row before those that depend on it. */
  readonly #gone = new Map<Model, Map<string, StoredRow>>()
  readonly #restricted: { readonly referrer: Referrer; readonly rows: readonly StoredRow[] }[] = []
  readonly #loosened = new Map<Model, Map<string, { readonly row: StoredRow; readonly columns: Set<Column> }>>()
  #left = mostAtOnce

  constructor(session: Transaction) {
    this.#session = session
  }

  /** Answers whether that was all: false when there is too much of it. */
  async collect(model: Model, rows: readonly StoredRow[]): Promise<boolean> {
    if (rows.length > mostAtOnce) return false
    const waiting = [{ model, rows: this.#add(model, rows) }]
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const ids = next.rows.map(({ id }) => id)
      // rows may name each other in a ring: nothing new is the end of it
      if (ids.length === 0) continue
      for (const referrer of next.model.referrers) {
        const found = await this.#naming(referrer, ids)
        this.#left -= found.length
        if (this.#left < 0) return false
        if (referrer.onDelete === 'restrict') this.#restricted.push({ referrer, rows: found })
        else if (referrer.onDelete === 'null') this.#loosen(referrer, found)
        else waiting.push({ model: referrer.model, rows: this.#add(referrer.model, found) })
      }
    }
    return true
  }

  /** A row that goes as well does not hold anything back. */
  restricted(): Held[] {
    return this.#restricted
      .map(({ referrer, rows }) => ({
        referrer,
        ids: rows.map(({ id }) => id).filter((id) => !this.#isGone(referrer.model, id)),
      }))
      .filter(({ ids }) => ids.length > 0)
  }

  async apply({ session, changes }: OpenTransaction): Promise<void> {
    for (const [model, rows] of this.#loosened) {
      for (const { row, columns } of rows.values()) {
        if (this.#isGone(model, row.id)) continue
        const values = withVersion(model, row, Object.fromEntries(Array.from(columns, ({ name }) => [name, null])))
        await session.update(model, row.id, values)
        changes.push({ model: model.name, id: row.id, before: row, after: { ...row, ...values } })
      }
    }
    for (const [model, rows] of [...this.#gone].reverse()) {
      await session.delete(model, [...rows.keys()])
      for (const row of rows.values()) changes.push({ model: model.name, id: row.id, before: row, after: null })
    }
  }

  async #naming({ model, column }: Referrer, ids: readonly string[]): Promise<StoredRow[]> {
    const which = { model, columns: model.columns, condition: within(column, ids), order: [], limit: this.#left + 1, offset: 0 }
    // in an order of our own: a database would have to look at all of them to find the first
    return (await this.#session.select(which)).sort((one, other) => (one.id < other.id ? -1 : 1))
  }

  /** Answers those that are new. */
  #add(model: Model, rows: readonly StoredRow[]): StoredRow[] {
    const known = this.#gone.get(model) ?? new Map<string, StoredRow>()
    this.#gone.set(model, known)
    const fresh = rows.filter(({ id }) => !known.has(id))
    for (const row of fresh) known.set(row.id, row)
    return fresh
  }

  #loosen({ model, column }: Referrer, rows: readonly StoredRow[]): void {
    const known = this.#loosened.get(model) ?? new Map<string, { row: StoredRow; columns: Set<Column> }>()
    this.#loosened.set(model, known)
    for (const row of rows) {
      const entry = known.get(row.id) ?? { row, columns: new Set<Column>() }
      entry.columns.add(column)
      known.set(row.id, entry)
    }
  }

  #isGone(model: Model, id: string): boolean {
    return this.#gone.get(model)?.has(id) ?? false
  }
}

/** Of the rows that hold one back the asker is told what it may read. */
async function stillUsed(scope: Scope, session: Transaction, model: Model, held: readonly Held[]) {
  for (const { referrer, ids } of held) {
    const count = await countSeen(scope, session, referrer, ids)
    if (count === 0) continue
    const rows = `${count} ${count === 1 ? 'row' : 'rows'} of ${referrer.model.name}`
    return refused(model, `"${referrer.column.name}" of ${rows} needs it`)
  }
  return refused(model, 'something that you may not see needs it')
}

async function countSeen(
  scope: Scope,
  session: Transaction,
  { model, column }: Referrer,
  ids: readonly string[],
): Promise<number> {
  if (scope.everything) return ids.length
  const seen = all([within(model.id, ids), scope.guard(model), scope.opened(model, column)])
  return seen.kind === 'never' ? 0 : session.count(model, seen)
}

function refused(model: Model, why: string) {
  return dataError('TAPRI_DATA_STILL_USED', `Cannot delete the row of ${model.name}: ${why}`)
}
