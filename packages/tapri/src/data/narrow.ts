import { type Binding, bindingOf } from './bound.ts'
import type { Catalog } from './catalog.ts'
import type { Draft } from './draft.ts'
import { type Engine, type Keeping, Scope } from './engine.ts'
import type { StoredRow } from './evaluate.ts'
import type { ReadSet } from './read-set.ts'
import type { Db, Models, SystemDb } from './types.ts'

/** The database as one part of the app sees it. */
export interface NarrowDatabase {
  /** The types of the models are the asker's to say: `database.asCaller<typeof models>({ user })`. */
  asCaller<M extends Models = any>(
    caller: { readonly user: StoredRow | null },
    /** Once the signal has aborted, every further use of the db is refused, a read at work ended, and a transaction undone. */
    options?: {
      readonly reads?: ReadSet
      readonly readOnly?: boolean
      readonly signal?: AbortSignal
      /** For live queries: what reads in the place of the database outside of transactions, given the database's own reader. */
      readonly reader?: Keeping
    },
  ): Db<M>
  /** For who holds the whole database: scripts, tests, the framework. It is not counted. */
  readonly asSystem: SystemDb<any>
  systemDb<M extends Models = any>(options?: { readonly reads?: ReadSet; readonly reader?: Keeping }): SystemDb<M>
}

export function databaseOver(engine: Engine, binding: Binding): NarrowDatabase {
  return {
    asCaller: ({ user }, { reads, readOnly = false, signal, reader } = {}) =>
      binding.caller(new Scope(engine, user, false, reads, readOnly, undefined, undefined, signal, reader)),
    asSystem: binding.system(new Scope(engine, null, true, undefined, false)),
    systemDb: ({ reads, reader } = {}) =>
      binding.system(new Scope(engine, null, true, reads, false, undefined, undefined, undefined, reader)),
  }
}

/** The same database, policies and transactions, with these models only, and without relations that lead to others. */
export function narrowDatabase(engine: Engine, names: ReadonlySet<string>): NarrowDatabase {
  const catalog = narrowCatalog(engine.catalog, names)
  return databaseOver({ ...engine, catalog }, bindingOf([...catalog.values()]))
}

/**
 * What is left of the relations must lead to models that are narrowed themselves. Those that are not seen stay behind
 * `referrers`: a row that goes takes others with it wherever they are.
 */
function narrowCatalog(catalog: Catalog, names: ReadonlySet<string>): Catalog {
  const drafts = new Map<string, Draft>()
  const draftOf = (name: string): Draft => {
    const known = drafts.get(name)
    if (known !== undefined) return known
    const model = catalog.get(name)
    if (model === undefined) throw new RangeError(`there is no model "${name}"`)
    const draft: Draft = { ...model, relations: new Map(), referrers: [], references: [] }
    drafts.set(name, draft)
    for (const [key, relation] of model.relations) {
      if (!names.has(relation.target.name)) continue
      const target = draftOf(relation.target.name)
      draft.relations.set(
        key,
        relation.kind === 'linked' ? { ...relation, target, link: draftOf(relation.link.name) } : { ...relation, target },
      )
    }
    for (const referrer of model.referrers) draft.referrers.push({ ...referrer, model: draftOf(referrer.model.name) })
    for (const reference of model.references) draft.references.push({ ...reference, target: draftOf(reference.target.name) })
    return draft
  }
  return new Map([...names].map((name) => [name, draftOf(name)]))
}
