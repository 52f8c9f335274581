import { TapriError } from '../../kit/errors.ts'
import { type Catalog, type Model, openCatalog, type Relation } from '../catalog.ts'
import { all, always, type Condition, notDeleted } from '../condition.ts'
import { dataError } from '../errors.ts'
import { matchesAmong, type StoredRow } from '../evaluate.ts'
import type { Models, Policy } from '../index.ts'
import { type Action, Policies } from '../policy.ts'
import type { View } from '../where.ts'
import { RowAt } from './wheres.fixture.ts'

/** `system` is nobody's in particular, `caller` somebody whom the policies know nothing of. */
export type Asker = 'system' | 'caller'
export type Linked = Relation & { readonly kind: 'linked' }

/** An id that no row has. */
export const nobody = '00000000-0000-7000-8000-000000000000'

/** What the database should hold, kept in plain maps: the other side of every comparison. */
export class World {
  readonly catalog: Catalog
  readonly #policies: Policies
  #tables = new Map<string, Map<string, StoredRow>>()
  #pairs = 0

  constructor(models: Models, policies: readonly Policy[]) {
    this.catalog = openCatalog(models, {}, () => 0)
    this.#policies = new Policies(this.catalog, policies)
  }

  clear(): void {
    this.#tables = new Map()
  }

  model(name: string): Model {
    const model = this.catalog.get(name)
    if (model === undefined) throw new Error(`No model is called ${name}`)
    return model
  }

  rowsOf = (model: Model): StoredRow[] => [...(this.#tables.get(model.name)?.values() ?? [])]

  row(model: Model, id: unknown): StoredRow | undefined {
    return this.#tables.get(model.name)?.get(String(id))
  }

  put(model: Model, row: StoredRow): void {
    const table = this.#tables.get(model.name) ?? new Map()
    this.#tables.set(model.name, table.set(row.id, row))
  }

  drop(model: Model, id: string): void {
    this.#tables.get(model.name)?.delete(id)
  }

  pair({ link, from, to }: Linked, one: string, other: string): void {
    const id = `pair ${++this.#pairs}`
    this.put(link, { id, [from.name]: one, [to.name]: other })
  }

  /** Everything as it is, for `restore`. */
  snapshot(): ReadonlyMap<string, ReadonlyMap<string, StoredRow>> {
    return new Map([...this.#tables].map(([name, rows]) => [name, new Map(rows)]))
  }

  restore(before: ReadonlyMap<string, ReadonlyMap<string, StoredRow>>): void {
    this.#tables = new Map([...before].map(([name, rows]) => [name, new Map(rows)]))
  }

  /** Undoes all of the work when it fails. */
  undoable<T>(work: () => T): T {
    const before = this.snapshot()
    try {
      return work()
    } catch (error) {
      this.restore(before)
      throw error
    }
  }

  ruled(asker: Asker, model: Model, action: Action): Condition {
    return asker === 'system' ? always : this.#policies.condition(model, action, { user: null })
  }

  allowed(asker: Asker, model: Model, action: Action): Condition {
    return all([this.ruled(asker, model, action), notDeleted(model)])
  }

  view(asker: Asker): View {
    return { everything: asker === 'system', guard: (target) => this.allowed(asker, target, 'read') }
  }

  fits(condition: Condition, row: StoredRow): boolean {
    return matchesAmong(condition, row, this.rowsOf)
  }

  idAt({ model, place }: RowAt): string {
    const ids = [...(this.#tables.get(model)?.keys() ?? [])]
    return ids[place % ids.length] ?? nobody
  }

  /** A query or values with the ids of the rows that they mean. */
  resolve(value: unknown): any {
    if (value instanceof RowAt) return this.idAt(value)
    if (Array.isArray(value)) return value.map((each) => this.resolve(each))
    if (typeof value !== 'object' || value === null || value instanceof Date) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.resolve(each)]))
  }
}

/** What came of something: its value, or the code of its error. */
export type Outcome = { readonly value: unknown } | { readonly code: string }

export async function outcomeOf(work: () => unknown): Promise<Outcome> {
  try {
    return { value: await work() }
  } catch (error) {
    if (error instanceof TapriError) return { code: error.code }
    throw error
  }
}

export function gone() {
  return new TapriError('TAPRI_NOT_FOUND', 'not there')
}

export function denied() {
  return new TapriError('TAPRI_DENIED', 'not allowed')
}

export function refused(code: Parameters<typeof dataError>[0]) {
  return dataError(code, 'as expected')
}
