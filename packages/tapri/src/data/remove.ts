import type { Column, Model, Referrer } from './catalog.ts'
import { all, within } from './condition.ts'
import type { Transaction } from './driver.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import type { OpenTransaction } from './transaction.ts'
import { withVersion } from './values.ts'

const everyRow = 2 ** 31 - 1

/** Deletes rows and settles everything that names them, as `onDelete` says; all of it goes into the change log. */
export async function removeRows(
  scope: Scope,
  transaction: OpenTransaction,
  model: Model,
  rows: readonly StoredRow[],
): Promise<void> {
  const removal = new Removal(transaction.session)
  await removal.collect(model, rows)
  await removal.requireUnused(scope, model)
  await removal.apply(transaction)
}

class Removal {
  readonly #session: Transaction
  /** What goes, in the order of finding: a row before those that depend on it. */
  readonly #gone = new Map<Model, Map<string, StoredRow>>()
  readonly #restricted: { readonly referrer: Referrer; readonly rows: readonly StoredRow[] }[] = []
  readonly #loosened = new Map<Model, Map<string, { readonly row: StoredRow; readonly columns: Set<Column> }>>()

  constructor(session: Transaction) {
    this.#session = session
  }

  async collect(model: Model, rows: readonly StoredRow[]): Promise<void> {
    const waiting = [{ model, rows: this.#add(model, rows) }]
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const ids = next.rows.map(({ id }) => id)
      // rows may name each other in a ring: nothing new is the end of it
      if (ids.length === 0) continue
      for (const referrer of next.model.referrers) {
        const found = await this.#naming(referrer, ids)
        if (referrer.onDelete === 'restrict') this.#restricted.push({ referrer, rows: found })
        else if (referrer.onDelete === 'null') this.#loosen(referrer, found)
        else waiting.push({ model: referrer.model, rows: this.#add(referrer.model, found) })
      }
    }
  }

  /** A row that goes as well does not hold anything back. Of those that do, the asker is told what it may read. */
  async requireUnused(scope: Scope, model: Model): Promise<void> {
    const held = this.#restricted
      .map(({ referrer, rows }) => ({ referrer, left: rows.filter(({ id }) => !this.#isGone(referrer.model, id)) }))
      .filter(({ left }) => left.length > 0)
    if (held.length === 0) return
    for (const { referrer, left } of held) {
      const count = await this.#countSeen(scope, referrer, left)
      if (count > 0)
        throw stillUsed(
          model,
          `"${referrer.column.name}" of ${count} ${count === 1 ? 'row' : 'rows'} of ${referrer.model.name} needs it`,
        )
    }
    throw stillUsed(model, 'something that you may not see needs it')
  }

  async #countSeen(scope: Scope, { model, column }: Referrer, rows: readonly StoredRow[]): Promise<number> {
    if (scope.everything) return rows.length
    const ids = within(
      model.id,
      rows.map(({ id }) => id),
    )
    const seen = all([ids, scope.guard(model), scope.opened(model, column)])
    return seen.kind === 'never' ? 0 : this.#session.count(model, seen)
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
    const order = [{ column: model.id, down: false }]
    return this.#session.select({
      model,
      columns: model.columns,
      condition: within(column, ids),
      order,
      limit: everyRow,
      offset: 0,
    })
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

function stillUsed(model: Model, why: string) {
  return dataError('TAPRI_DATA_STILL_USED', `Cannot delete the row of ${model.name}: ${why}`)
}
