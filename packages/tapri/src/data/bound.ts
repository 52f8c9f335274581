import { aggregate, groupBy } from './aggregate.ts'
import { withFiles } from './blobs.ts'
import { createMany, deleteWhere, updateWhere, upsert } from './bulk.ts'
import type { Model } from './catalog.ts'
import { inTransaction, runAfterCommit } from './commit.ts'
import type { AfterCommit, Scope } from './engine.ts'
import type { GivenRow } from './present.ts'
import { BoundRaw } from './raw.ts'
import { count, find, first, get, page } from './read.ts'
import type { Db, Models, Page, SystemDb } from './types.ts'
import { create, remove, restore, update } from './write.ts'

/** The rows of one model as one asker may use them; its methods are those of the public type `Table`. */
class BoundTable {
  readonly #scope: Scope
  readonly #model: Model

  constructor(scope: Scope, model: Model) {
    this.#scope = scope
    this.#model = model
  }

  find(query?: unknown): Promise<GivenRow[]> {
    return find(this.#scope, this.#model, query)
  }

  page(query?: unknown): Promise<Page<GivenRow>> {
    return page(this.#scope, this.#model, query)
  }

  first(query?: unknown): Promise<GivenRow | null> {
    return first(this.#scope, this.#model, query)
  }

  get(id: unknown, query?: unknown): Promise<GivenRow> {
    return get(this.#scope, this.#model, id, query)
  }

  count(query?: unknown): Promise<number> {
    return count(this.#scope, this.#model, query)
  }

  groupBy(query?: unknown): Promise<Record<string, unknown>[]> {
    return groupBy(this.#scope, this.#model, query)
  }

  sum(field: unknown, query?: unknown): Promise<unknown> {
    return aggregate(this.#scope, this.#model, 'sum', field, query)
  }

  avg(field: unknown, query?: unknown): Promise<unknown> {
    return aggregate(this.#scope, this.#model, 'avg', field, query)
  }

  min(field: unknown, query?: unknown): Promise<unknown> {
    return aggregate(this.#scope, this.#model, 'min', field, query)
  }

  max(field: unknown, query?: unknown): Promise<unknown> {
    return aggregate(this.#scope, this.#model, 'max', field, query)
  }

  create(values: unknown): Promise<GivenRow> {
    const scope = this.#scope
    return withFiles(scope, this.#model, values, (received) => create(scope, this.#model, received))
  }

  update(id: unknown, changes: unknown, options?: unknown): Promise<GivenRow> {
    const scope = this.#scope
    return withFiles(scope, this.#model, changes, (received) => update(scope, this.#model, id, received, options))
  }

  createMany(values: unknown): Promise<GivenRow[]> {
    return createMany(this.#scope, this.#model, values)
  }

  restore(id: unknown): Promise<GivenRow> {
    return restore(this.#scope, this.#model, id)
  }

  updateWhere(where: unknown, changes: unknown): Promise<number> {
    return updateWhere(this.#scope, this.#model, where, changes)
  }

  deleteWhere(where: unknown, options?: unknown): Promise<number> {
    return deleteWhere(this.#scope, this.#model, where, options)
  }

  upsert(values: unknown, options: unknown): Promise<GivenRow> {
    return upsert(this.#scope, this.#model, values, options)
  }

  delete(id: unknown, options?: unknown): Promise<void> {
    return remove(this.#scope, this.#model, id, options)
  }
}

/** Makes a db of a scope. A request pays for one object and for the tables that it touches. */
export interface Binding {
  caller<M extends Models>(scope: Scope): Db<M>
  system<M extends Models>(scope: Scope): SystemDb<M>
}

/** Writes the classes of an app's databases once: a getter for each model, nothing looked up by name later. */
export function bindingOf(models: readonly Model[]): Binding {
  const SystemDatabase = classOf(models, (scope) => binding.system(scope))
  const CallerDatabase = classOf(
    models.filter((model) => !model.internal),
    (scope) => binding.caller(scope),
  )
  Object.defineProperty(CallerDatabase.prototype, 'asSystem', {
    value(this: InstanceType<typeof CallerDatabase>, reason: unknown) {
      return this.asSystemDatabase(reason, (scope) => binding.system(scope))
    },
  })
  Object.defineProperty(SystemDatabase.prototype, 'raw', {
    get(this: InstanceType<typeof SystemDatabase>) {
      return this.rawDatabase()
    },
  })
  const binding: Binding = {
    caller: (scope) => typed(new CallerDatabase(scope)),
    system: (scope) => typed(new SystemDatabase(scope)),
  }
  return binding
}

function classOf(models: readonly Model[], rebind: (scope: Scope) => unknown) {
  return class Database {
    readonly #scope: Scope
    readonly #tables: (BoundTable | undefined)[] = []
    #raw: BoundRaw | undefined

    static {
      for (const [at, model] of models.entries()) {
        Object.defineProperty(Database.prototype, model.name, {
          enumerable: true,
          get(this: Database) {
            this.#tables[at] ??= new BoundTable(this.#scope, model)
            return this.#tables[at]
          },
        })
      }
    }

    constructor(scope: Scope) {
      this.#scope = scope
    }

    async transaction(run: (db: unknown) => Promise<unknown>, options?: unknown): Promise<unknown> {
      const scope = this.#scope
      scope.requireWritable()
      return inTransaction(scope, (within) => run(rebind(within)), options)
    }

    afterCommit(run: AfterCommit): void {
      runAfterCommit(this.#scope, run)
    }

    asSystemDatabase(reason: unknown, bind: (scope: Scope) => unknown): unknown {
      return bind(this.#scope.asSystem(reason))
    }

    rawDatabase(): BoundRaw {
      this.#raw ??= new BoundRaw(this.#scope)
      return this.#raw
    }
  }
}

// The getters above are made from the models, whose types the app's `Db<M>` is made from; no type can follow that.
function typed<T>(database: unknown): T {
  return database as T
}
