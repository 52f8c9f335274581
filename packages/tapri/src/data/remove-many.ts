import type { Column, Model, Referrer } from './catalog.ts'
import type { Change } from './changes.ts'
import { wrong } from './compare.ts'
import { type Condition, within } from './condition.ts'
import type { Transaction } from './driver.ts'
import type { StoredRow } from './evaluate.ts'
import { pausing } from './pause.ts'
import type { OpenTransaction } from './transaction.ts'
import { withVersion } from './values.ts'

/** Rows that are in memory at once, for each step from a row to those that name it. */
const mostAtOnce = 500
/** Changes of one model that are told one by one. */
const mostTold = 10_000
/** Rows of one model with files: each of them must be told, since its files go with it. */
const mostWithFiles = 100_000

const everyRow = 2 ** 31 - 1

/** Rows that are not to be without the row that they name. */
export interface Held {
  readonly referrer: Referrer
  readonly ids: readonly string[]
}

/**
 * Deletes rows and all that goes with them, part by part within the transaction: no more rows are in memory than a part for
 * each step from a row to those that name it. Answers what holds some of them back; nothing is written then.
 */
export async function removeMany(
  { session, changes }: OpenTransaction,
  model: Model,
  rows: readonly StoredRow[],
): Promise<readonly Held[]> {
  const removal = new GradualRemoval(session)
  try {
    // undone, so that whoever asks is told by policies of what is there
    await session.savepoint(async () => {
      await removal.remove(model, rows)
      const held = await removal.held()
      if (held.length > 0) throw new HeldBack(held)
    })
  } catch (error) {
    if (error instanceof HeldBack) return error.held
    throw error
  }
  for (const change of removal.changes()) changes.push(change)
  return []
}

class HeldBack extends Error {
  readonly held: readonly Held[]

  constructor(held: readonly Held[]) {
    super('Rows are held back')
    this.held = held
  }
}

/** Rows that are gone, and the relations by which others may still name them. */
interface Step {
  readonly ids: readonly string[]
  readonly referrers: Referrer[]
}

class GradualRemoval {
  readonly #session: Transaction
  readonly #told = new Told()
  readonly #asked = new Set<string>()
  /** What holds rows back, unless it goes as well. */
  readonly #restricted = new Map<Referrer, string[]>()
  readonly #pause = pausing()

  constructor(session: Transaction) {
    this.#session = session
  }

  async remove(model: Model, rows: readonly StoredRow[]): Promise<void> {
    for (const { id } of rows) this.#asked.add(id)
    for (let at = 0; at < rows.length; at += mostAtOnce) {
      const part = rows.slice(at, at + mostAtOnce).map(({ id }) => id)
      // some may have gone with an earlier part
      await this.#removePart(model, await this.#select(model, model.columns, within(model.id, part)))
    }
  }

  async held(): Promise<Held[]> {
    const held: Held[] = []
    for (const [referrer, candidates] of this.#restricted) {
      const { model } = referrer
      const ids: string[] = []
      for (let at = 0; at < candidates.length; at += mostAtOnce) {
        const left = await this.#select(model, [model.id], within(model.id, candidates.slice(at, at + mostAtOnce)))
        ids.push(...left.map(({ id }) => id))
        await this.#pause()
      }
      if (ids.length > 0) held.push({ referrer, ids })
    }
    return held
  }

  changes(): Iterable<Change> {
    return this.#told.changes()
  }

  /** A row goes before those that name it: they may do so in a ring. */
  async #removePart(model: Model, rows: readonly StoredRow[]): Promise<void> {
    const steps = [await this.#drop(model, rows)]
    for (let step = steps.at(-1); step !== undefined; step = steps.at(-1)) {
      const [referrer] = step.referrers
      const next = referrer === undefined ? undefined : await this.#settle(step, referrer)
      if (referrer === undefined) steps.pop()
      else if (next !== undefined) steps.push(next)
      await this.#pause()
    }
  }

  async #drop(model: Model, rows: readonly StoredRow[]): Promise<Step> {
    const ids = rows.map(({ id }) => id)
    if (ids.length === 0) return { ids, referrers: [] }
    await this.#session.delete(model, ids)
    for (const row of rows) this.#tell(model, row, null)
    return { ids, referrers: [...model.referrers] }
  }

  /** Does what `onDelete` says to the next part of those that name rows; answers what has gone by that. */
  async #settle({ ids, referrers }: Step, referrer: Referrer): Promise<Step | undefined> {
    const { model, column, onDelete } = referrer
    if (onDelete === 'restrict') {
      referrers.shift()
      const candidates = await this.#select(model, [model.id], within(column, ids), everyRow)
      const known = this.#restricted.get(referrer) ?? []
      for (const { id } of candidates) known.push(id)
      this.#restricted.set(referrer, known)
      return undefined
    }
    const found = await this.#select(model, model.columns, within(column, ids))
    if (found.length < mostAtOnce) referrers.shift()
    if (onDelete === 'cascade') return this.#drop(model, found)
    for (const row of found) await this.#loosen(referrer, row)
    return undefined
  }

  async #loosen({ model, column }: Referrer, row: StoredRow): Promise<void> {
    const values = withVersion(model, row, { [column.name]: null })
    await this.#session.update(model, row.id, values)
    this.#tell(model, row, { ...row, ...values })
    await this.#pause()
  }

  #tell(model: Model, before: StoredRow, after: StoredRow | null): void {
    const isAsked = this.#asked.has(before.id)
    this.#told.tell(model, { model: model.name, id: before.id, before, after }, { isAsked })
  }

  #select(model: Model, columns: readonly Column[], condition: Condition, limit = mostAtOnce): Promise<StoredRow[]> {
    return this.#session.select({ model, columns, condition, order: [], limit, offset: 0 })
  }
}

/** The changes for the log: of a model with very many of them it is told that anything in it may have changed. */
class Told {
  readonly #asked: Change[] = []
  readonly #others = new Map<Model, Change[]>()
  readonly #many = new Set<Model>()

  /** @throws TAPRI_DATA_QUERY when there is more than can be told */
  tell(model: Model, change: Change, { isAsked }: { readonly isAsked: boolean }): void {
    if (!isAsked && this.#many.has(model)) return
    const changes = isAsked ? this.#asked : (this.#others.get(model) ?? [])
    changes.push(change)
    if (isAsked) return
    this.#others.set(model, changes)
    if (model.files.length > 0) requireFewFiles(model, changes.length)
    else if (changes.length > mostTold) this.#forget(model)
  }

  *changes(): Iterable<Change> {
    yield* this.#asked
    for (const changes of this.#others.values()) yield* changes
  }

  #forget(model: Model): void {
    this.#many.add(model)
    this.#others.set(model, [{ model: model.name, id: '', before: null, after: null }])
  }
}

function requireFewFiles(model: Model, count: number): void {
  if (count <= mostWithFiles) return
  throw wrong(
    model,
    `more than ${mostWithFiles} of its rows, which have files, would go with one delete: delete some of them first`,
  )
}
