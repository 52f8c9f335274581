import { hkdfSync } from 'node:crypto'
import { type Clock, systemClock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import type { ReceiveFile } from './blobs.ts'
import { bindingOf } from './bound.ts'
import { startCapture } from './capture/start.ts'
import { openCatalog } from './catalog.ts'
import { type Change, ChangeLog, type Commit } from './changes.ts'
import { Cursors } from './cursor.ts'
import type { Health } from './driver.ts'
import { openDriver } from './drivers/open.ts'
import { type Engine, Scope, type ShowFile } from './engine.ts'
import type { StoredRow } from './evaluate.ts'
import { fillWords } from './fill-words.ts'
import { tablesAsModels } from './migration/as-models.ts'
import { changesOfToday } from './migration/changes-of-today.ts'
import { Migrations, settleModels } from './migration/migrations.ts'
import type { MigrationPlan, TableState } from './migration/state.ts'
import { databaseOver, type NarrowDatabase, narrowDatabase } from './narrow.ts'
import { openedBy, Policies } from './policy.ts'
import type { ReadSet } from './read-set.ts'
import { settleScales } from './scales.ts'
import { SystemUses } from './system-uses.ts'
import type { Models, Policy, SystemDb } from './types.ts'
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
  readonly showFile?: ShowFile
  /** Takes in files that the app itself gives to `create` and `update`. */
  readonly receiveFile?: ReceiveFile
  /** The framework's own tables: only `asSystem` has them. */
  readonly internal?: Models
}

export interface Database extends NarrowDatabase {
  /** The app's and the framework's. */
  readonly models: Models
  /** How often callers' databases were left for `db.asSystem(reason)`, by reason. */
  readonly systemUses: ReadonlyMap<string, number>
  /** The same database for a part of the app, which sees these models alone. */
  narrow(models: ReadonlySet<string>): NarrowDatabase
  readonly changes: {
    /** Another one after the database was made anew. */
    readonly epoch: string
    /** Whether writes of other programs are told of too: a little late, and as the rows are by then. */
    readonly hearsOthers: boolean
    /** Of the last commit that listeners have heard of; a little behind while there are none. */
    position(): number
    /** The position, as soon as it counts every write that was answered here before. */
    settled(): Promise<number>
    /** Calls after each COMMIT, in their order, before the write answers. */
    subscribe(listener: (commit: Commit) => void): () => void
    /** Calls after each COMMIT of this process, in the asynchronous context of whoever made it. */
    onOwnCommit(listener: (position: number) => void): () => void
    /** Reads up to a position that another process has told of, now rather than at the next look; absent where the database
     * tells of commits by itself, and where nobody else writes. */
    readonly wake?: ((position: number) => void) | undefined
    /** @throws TAPRI_DATA_CHANGES_GONE when the log does not reach back so far */
    since(position: number, limit: number): Promise<Commit[]>
  }
  /** Runs inside each writing transaction before COMMIT. What it writes belongs to the commit, and is not told again. */
  duringTransaction(listener: (changes: readonly Change[], db: SystemDb<any>) => Promise<void>): void
  /** The whole database in the transaction that the caller's work is in; undefined outside of one. */
  transactionAround(): SystemDb<any> | undefined
  /** A key for one purpose, the same in every process on this database: 32 bytes. */
  keyFor(purpose: string): Uint8Array
  /** What these rules open to the user, as one text: alike for two users who are shown the same. */
  opened(rules: ReadSet['rules'], user: StoredRow | null): string | undefined
  /** Nothing is committed while the work goes on. It may read, not write. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
  /** What must change for the database to fit the models. */
  plan(): Promise<MigrationPlan>
  /** Applies the steps of the plan, those too that lose something.
   * @throws TAPRI_DATA_MIGRATION when the data stand in the way */
  migrate(plan: MigrationPlan): Promise<void>
  /** Migration files, and how the database stands to them and to the models. */
  readonly migrations: Migrations
  /** Whether the database answers. */
  health(): Promise<Health>
  close(): Promise<void>
}

/**
 * Opens a database with its models and policies.
 * @throws TAPRI_DATA_MODEL, TAPRI_DATA_POLICY, TAPRI_DATA_URL, TAPRI_DATA_OPEN, TAPRI_DATA_MIGRATION
 * @example const database = await openDatabase({ models: { notes }, policies: [], url: 'sqlite::memory:', migrate: 'auto' })
 */
export function openDatabase(options: DatabaseOptions): Promise<Database> {
  return openDatabaseBy(openDriver, options)
}

/** The same with whatever opens the driver: the benchmark measures what a part of one costs. */
export async function openDatabaseBy(open: typeof openDriver, options: DatabaseOptions): Promise<Database> {
  const { internal = {}, clock = systemClock, log } = options
  const catalog = openCatalog(options.models, internal, () => clock.now())
  const policies = new Policies(catalog, options.policies, clock)
  const driver = await open(options.url, { clock, fail: (error) => log?.error('The database needs a look', { error }) })
  const failed = (error: unknown) => log?.error('Failed in a listener of the change log', { error })
  try {
    await settleScales(catalog, driver, clock)
    if (options.migrate !== 'plan') {
      const steps = await settleModels({ catalog, driver, clock }, options.migrate)
      if (steps.length > 0) log?.event('data.migration.applied', { steps: steps.map(({ summary }) => summary) })
      await fillWords(catalog, driver)
    }
  } catch (error) {
    await driver.close()
    throw error
  }

  const changes = new ChangeLog(driver, clock, failed, { today: changesOfToday(catalog), models: [...catalog.keys()] })
  const writer = new Writer(driver, changes, clock)
  const capturing = options.migrate === 'plan' ? undefined : await startCapture({ driver, catalog, changes, writer, clock, log })
  const cursors = new Cursors(driver.facts.secret)
  const systemUses = new SystemUses(log)
  const engine: Engine = {
    systemUses,
    catalog,
    driver,
    policies,
    cursors,
    writer,
    clock,
    showFile: options.showFile ?? ((_place, { id, name, type, size }) => ({ id, name, type, size, url: '' })),
    receiveFile: options.receiveFile,
    fail: (error) => log?.error('Failed after a commit', { error }),
  }
  const migrations = new Migrations({
    catalog,
    driver,
    clock,
    exclusive: (work) => writer.exclusive(work, { migrates: true }),
    db: (tables) => systemOver(tables, engine),
  })
  const binding = bindingOf([...catalog.values()])
  const system = new Scope(engine, null, true, undefined, false)

  return {
    models: { ...options.models, ...internal },
    ...databaseOver(engine, binding),
    systemUses: systemUses.counts,
    narrow: (models) => narrowDatabase(engine, models),
    changes,
    duringTransaction: (listener) =>
      writer.duringTransaction((told, transaction) => listener(told, binding.system(system.within(transaction)))),
    transactionAround() {
      const { current } = writer
      return current === undefined ? undefined : binding.system(system.within(current, current.after))
    },
    keyFor: (purpose) => new Uint8Array(hkdfSync('sha256', driver.facts.secret, '', `tapri ${purpose}`, 32)),
    opened: (rules, user) => openedBy(policies, rules, user),
    exclusive: (work) => writer.exclusive(work),
    plan: () => migrations.plan(),
    migrate: (plan) => migrations.apply(plan),
    migrations,
    health: () => driver.health(),
    async close() {
      await capturing?.close()
      await writer.close()
    },
  }
}

/** A db of the tables as they are, whatever the models of the app. */
function systemOver(tables: readonly TableState[], engine: Engine): SystemDb<any> {
  const { app, internal } = tablesAsModels(tables)
  const catalog = openCatalog(app, internal, () => engine.clock.now())
  const over = { ...engine, catalog, policies: new Policies(catalog, []) }
  return bindingOf([...catalog.values()]).system(new Scope(over, null, true, undefined, false))
}
