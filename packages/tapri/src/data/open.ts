import { type Clock, systemClock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import type { ReceiveFile } from './blobs.ts'
import { bindingOf } from './bound.ts'
import { openCatalog } from './catalog.ts'
import { type Change, ChangeLog, type Commit } from './changes.ts'
import { Cursors } from './cursor.ts'
import type { Health } from './driver.ts'
import { openDriver } from './drivers/open.ts'
import { type Engine, type FileUrl, Scope } from './engine.ts'
import type { StoredRow } from './evaluate.ts'
import { fillWords } from './fill-words.ts'
import { planMigration } from './migration/plan.ts'
import { applySteps, settleMigration } from './migration/run.ts'
import type { MigrationPlan } from './migration/state.ts'
import { Policies } from './policy.ts'
import type { ReadSet } from './read-set.ts'
import type { Db, Models, Policy, SystemDb } from './types.ts'
import { Writer } from './writer.ts'

export interface DatabaseOptions {
  readonly models: Models
  readonly policies: readonly Policy[]
  /** Like `sqlite:data/app.db`, `sqlite::memory:` or `postgres://user:password@host/database`. */
  readonly url: string
  readonly clock?: Clock
  readonly log?: Log
  /** `auto` applies what loses nothing, `refuse` nothing; both throw when the models still do not fit.
   * `plan` leaves the database as it is, for `plan()` and `migrate()`. */
  readonly migrate: 'auto' | 'refuse' | 'plan'
  readonly fileUrl?: FileUrl
  /** Takes in files that the app itself gives to `create` and `update`. */
  readonly receiveFile?: ReceiveFile
  /** The framework's own tables: only `asSystem` has them. */
  readonly internal?: Models
}

export interface Database {
  /** The app's and the framework's. */
  readonly models: Models
  /** The types of the models are the asker's to say: `database.asCaller<typeof models>({ user })`. */
  asCaller<M extends Models = any>(
    caller: { readonly user: StoredRow | null },
    options?: { readonly reads?: ReadSet; readonly readOnly?: boolean },
  ): Db<M>
  readonly asSystem: SystemDb<any>
  systemDb<M extends Models = any>(options?: { readonly reads?: ReadSet }): SystemDb<M>
  readonly changes: {
    /** Another one after the database was made anew. */
    readonly epoch: string
    position(): number
    /** Calls after each COMMIT, in their order, before the write answers. */
    subscribe(listener: (commit: Commit) => void): () => void
    /** @throws TAPRI_DATA_CHANGES_GONE when the log does not reach back so far */
    since(position: number, limit: number): Promise<Commit[]>
  }
  /** Runs inside each writing transaction before COMMIT. What it writes belongs to the commit, and is not told again. */
  duringTransaction(listener: (changes: readonly Change[], db: SystemDb<any>) => Promise<void>): void
  /** Nothing is committed while the work goes on. It may read, not write. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
  /** What must change for the database to fit the models. */
  plan(): Promise<MigrationPlan>
  /** Applies the steps of the plan, those too that lose something.
   * @throws TAPRI_DATA_MIGRATION when the data stand in the way */
  migrate(plan: MigrationPlan): Promise<void>
  /** Whether the database answers. */
  health(): Promise<Health>
  close(): Promise<void>
}

/**
 * Opens a database with its models and policies.
 * @throws TAPRI_DATA_MODEL, TAPRI_DATA_POLICY, TAPRI_DATA_URL, TAPRI_DATA_OPEN, TAPRI_DATA_MIGRATION
 * @example const database = await openDatabase({ models: { notes }, policies: [], url: 'sqlite::memory:', migrate: 'auto' })
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { internal = {}, clock = systemClock, log } = options
  const catalog = openCatalog(options.models, internal, () => clock.now())
  const policies = new Policies(catalog, options.policies)
  const driver = await openDriver(options.url)
  const planned = () => planMigration(catalog, driver, clock.now())
  try {
    const { migrate: mode } = options
    // of several nodes that start at once, one finds something to do
    if (mode !== 'plan') await driver.exclusively(async () => settleMigration(await planned(), mode, driver, clock.now()))
    if (mode !== 'plan') await fillWords(catalog, driver)
  } catch (error) {
    await driver.close()
    throw error
  }

  const changes = new ChangeLog(driver, clock, (error) => log?.error('Failed in a listener of the change log', { error }))
  const writer = new Writer(driver, changes, clock)
  const cursors = new Cursors(driver.facts.secret)
  const engine: Engine = {
    catalog,
    driver,
    policies,
    cursors,
    writer,
    clock,
    fileUrl: options.fileUrl ?? (() => ''),
    receiveFile: options.receiveFile,
    fail: (error) => log?.error('Failed after a commit', { error }),
  }
  const binding = bindingOf([...catalog.values()])
  const system = new Scope(engine, null, true, undefined, false)

  return {
    models: { ...options.models, ...internal },
    asCaller: ({ user }, { reads, readOnly = false } = {}) => binding.caller(new Scope(engine, user, false, reads, readOnly)),
    asSystem: binding.system(system),
    systemDb: ({ reads } = {}) => binding.system(new Scope(engine, null, true, reads, false)),
    changes,
    duringTransaction: (listener) =>
      writer.duringTransaction((told, transaction) => listener(told, binding.system(system.within(transaction)))),
    exclusive: (work) => writer.exclusive(work),
    plan: planned,
    migrate: ({ steps }) => writer.exclusive(() => applySteps(steps, driver, clock.now())),
    health: () => driver.health(),
    close: () => writer.close(),
  }
}
