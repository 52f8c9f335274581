import type { Model } from './catalog.ts'
import { inTransaction } from './commit.ts'
import { isRecord, nameOf } from './compare.ts'
import { always } from './condition.ts'
import type { Raw } from './driver.ts'
import { type SqlDatabase, sqlDatabase } from './drivers/sql/kysely.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import type { Models } from './rows.ts'

/** The database in its own language. It is gone when the function that was given it has ended. */
export interface RawAccess<M extends Models> {
  /** On SQL databases: Kysely, with the tables and columns as they are stored.
   * @throws TAPRI_DATA_RAW on MongoDB */
  readonly kysely: SqlDatabase<M>
  /** On MongoDB: what its package calls `Db` and `ClientSession`; give every operation the session.
   * @throws TAPRI_DATA_RAW on SQL databases
   * @example const { db: mongo, session } = mongodb<Db, ClientSession>() */
  mongodb<Db, Session>(): { readonly db: Db; readonly session: Session | undefined }
}

/** A way past the query language: no policy, no validation, no version, no `onDelete`, no words for `search`. */
export interface RawDatabase<M extends Models> {
  /** Reads. A live answer is made anew when one of the models in `reads` changes. Databases refuse writes here, as far as they can.
   * @example await db.asSystem('yearly report').raw.read({ reads: ['videos'] }, ({ kysely }) =>
   *   kysely.selectFrom('videos').select(['title', 'views']).execute()) */
  read<T>(options: { readonly reads: readonly (keyof M & string)[] }, work: (access: RawAccess<M>) => Promise<T>): Promise<T>
  /** Writes, in the transaction around it or in one of its own. The change log says of each model in `touches` that anything
   * in it may have changed, so that live answers are made anew; what is not named there stays unknown.
   * @example await db.asSystem('rename a tag').raw.write({ touches: ['videos'] }, ({ kysely }) =>
   *   kysely.updateTable('videos').set({ title: 'Tea' }).where('title', '=', 'tea').execute()) */
  write<T>(options: { readonly touches: readonly (keyof M & string)[] }, work: (access: RawAccess<M>) => Promise<T>): Promise<T>
}

type Work = (access: RawAccess<Models>) => Promise<unknown>

/** Like the public `RawDatabase`, for a scope that policies do not bind. */
export class BoundRaw {
  readonly #scope: Scope

  constructor(scope: Scope) {
    this.#scope = scope
  }

  async read(options: unknown, work: Work): Promise<unknown> {
    const scope = this.#scope
    const models = modelsIn(scope, 'reads', options)
    const reader = scope.reader()
    for (const model of models) scope.remember(model, always)
    if (reader.raw === undefined) throw unsupported()
    const read = () => reader.raw?.((raw) => lend(raw, work, { writes: false }))
    // no write of the same transaction may come between: databases undo this part to read on as before
    return scope.transaction === undefined ? read() : scope.transaction.step(async () => read())
  }

  async write(options: unknown, work: Work): Promise<unknown> {
    const scope = this.#scope
    const models = modelsIn(scope, 'touches', options)
    scope.requireWritable()
    // the function may wait for anything, so that its transaction is bounded as those of handlers are
    if (scope.transaction === undefined) return inTransaction(scope, (within) => writeRaw(within, models, work))
    return writeRaw(scope, models, work)
  }
}

function writeRaw(scope: Scope, models: readonly Model[], work: Work): Promise<unknown> {
  return scope.write(async ({ session, changes }) => {
    if (session.rawWrite === undefined) throw unsupported()
    const result = await session.rawWrite((raw) => lend(raw, work, { writes: true }))
    for (const { name } of models) changes.push({ model: name, id: '', before: null, after: null })
    return result
  })
}

/** Whoever keeps what it was lent finds it closed: what comes later would not be in the transaction any more. */
async function lend(raw: Raw, work: Work, { writes }: { readonly writes: boolean }): Promise<unknown> {
  let isOpen = true
  const requireOpen = () => {
    if (!isOpen) throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot use the raw database any more: await everything inside of it')
  }
  try {
    return await work({
      get kysely() {
        if (raw.kind === 'mongodb')
          throw dataError('TAPRI_DATA_RAW', 'Cannot use kysely: the database is MongoDB, ask for mongodb()')
        return sqlDatabase<Models>(raw, { writes, requireOpen })
      },
      mongodb<Db, Session>() {
        requireOpen()
        if (raw.kind !== 'mongodb')
          throw dataError('TAPRI_DATA_RAW', 'Cannot use mongodb(): the database speaks SQL, ask for kysely')
        return named<Db, Session>(raw)
      },
    })
  } finally {
    isOpen = false
  }
}

// The package of the driver is the app's own, and so are the names of its types.
function named<Db, Session>({ db, session }: { readonly db: unknown; readonly session: unknown }) {
  return { db: db as Db, session: session as Session | undefined }
}

function modelsIn({ engine }: Scope, name: 'reads' | 'touches', options: unknown): Model[] {
  const list = isRecord(options) ? options[name] : undefined
  if (!Array.isArray(list)) {
    throw dataError(
      'TAPRI_DATA_RAW',
      `Cannot use the raw database: say { ${name}: [names of models] }, it tells who must hear of it`,
    )
  }
  return list.map((each) => {
    const model = engine.catalog.get(String(each))
    if (model === undefined)
      throw dataError('TAPRI_DATA_RAW', `Cannot use the raw database: ${nameOf(each)} in "${name}" is no model`)
    return model
  })
}

function unsupported() {
  return dataError('TAPRI_DATA_RAW', 'Cannot use the raw database: its driver has no way past the query language')
}
