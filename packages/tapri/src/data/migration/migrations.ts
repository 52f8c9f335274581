import type { Clock } from '../../kit/clock.ts'
import type { Catalog } from '../catalog.ts'
import type { Driver } from '../driver.ts'
import type { SystemDb } from '../types.ts'
import type { NamedMigration } from './file.ts'
import { adoptFiles, pendingFiles, runFile, tablesOf } from './files.ts'
import { isDone } from './fold.ts'
import { blindLook } from './look.ts'
import { planMigration } from './plan.ts'
import { applyLive, applySteps, patiently, settleMigration } from './run.ts'
import type { MigrationPlan, MigrationStep, TableState } from './state.ts'
import { extrasOf, goneFiles, type MigrationStatus } from './status.ts'
import { writeFile } from './write-file.ts'

export interface MigrationsOptions {
  readonly catalog: Catalog
  readonly driver: Driver
  readonly clock: Clock
  /** Nobody else writes or migrates while the work goes on. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
  /** A db of the tables as they are, whatever the models. */
  db(tables: readonly TableState[]): SystemDb<any>
}

/** What became of the files of an app. */
export interface FilesRun {
  readonly run: readonly string[]
  /** Their tables were there already, made without them. */
  readonly adopted: readonly string[]
}

/**
 * Applies what is safe by itself, or refuses, before anything else is done with the database; answers what it applied.
 * @throws TAPRI_DATA_MIGRATION
 */
export function settleModels(
  { catalog, driver, clock }: Pick<MigrationsOptions, 'catalog' | 'driver' | 'clock'>,
  mode: 'auto' | 'refuse',
): Promise<readonly MigrationStep[]> {
  const settle = async () => settleMigration(await planMigration(catalog, driver, clock.now()), mode, driver, clock.now())
  // of several nodes that start at once, one finds something to do
  return patiently(() => driver.exclusively(settle, { migrates: true }), clock)
}

/** The way from the database as it is to the models. */
export class Migrations {
  readonly #options: MigrationsOptions

  constructor(options: MigrationsOptions) {
    this.#options = options
  }

  plan(): Promise<MigrationPlan> {
    const { catalog, driver, clock } = this.#options
    return planMigration(catalog, driver, clock.now())
  }

  async apply({ steps }: MigrationPlan): Promise<void> {
    const { driver, clock } = this.#options
    const atOnce = steps.filter((step) => step.live !== true)
    await this.#exclusive(() => applySteps(atOnce, driver, clock.now()))
    await applyLive(
      steps.filter((step) => step.live === true),
      { driver, clock, exclusive: (work) => this.#exclusive(work) },
    )
  }

  async status(files: readonly NamedMigration[]): Promise<MigrationStatus> {
    const { catalog, driver } = this.#options
    const applied = await driver.migrations()
    const { steps } = await this.plan()
    const missing = steps.filter((step) => step.needed)
    return {
      applied,
      pending: pendingFiles(files, applied).map(({ name }) => name),
      gone: goneFiles(files, applied),
      missing,
      extra: extrasOf(catalog, await driver.tables(), missing),
    }
  }

  async pending(files: readonly NamedMigration[]): Promise<NamedMigration[]> {
    return pendingFiles(files, await this.#options.driver.migrations())
  }

  /** The steps that the files do not have yet. */
  beyond(files: readonly NamedMigration[]): Promise<MigrationPlan> {
    return planMigration(this.#options.catalog, blindLook(tablesOf(files)), this.#options.clock.now())
  }

  /** The text of a file with the steps. */
  write(steps: readonly MigrationStep[]): string {
    return writeFile(steps)
  }

  /** Runs the files that are left, in the order of their names; one process at a time. */
  applyFiles(files: readonly NamedMigration[]): Promise<FilesRun> {
    const { driver } = this.#options
    const work = () => this.#runFiles(files)
    return driver.migratingAlone === undefined ? work() : this.#patiently(() => driver.migratingAlone?.(work) ?? work())
  }

  async #runFiles(files: readonly NamedMigration[]): Promise<FilesRun> {
    const { driver, clock, db } = this.#options
    const run = {
      driver,
      clock,
      exclusive: <T>(work: () => Promise<T>) => this.#exclusive(work),
      db: async () => db(await driver.tables()),
    }
    const records = await driver.migrations()
    const pending = pendingFiles(files, records)
    const isFirst = records.every(({ file }) => file === undefined)
    const made = tablesOf(files)
    if (isFirst && made.length > 0 && covers(await driver.tables(), made)) {
      await adoptFiles(pending, run)
      return { run: [], adopted: pending.map(({ name }) => name) }
    }
    for (const file of pending) await runFile(file, run)
    return { run: pending.map(({ name }) => name), adopted: [] }
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#patiently(() => this.#options.exclusive(work))
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    return patiently(work, this.#options.clock)
  }
}

/** Whether the database has all that the files make. */
function covers(actual: readonly TableState[], wanted: readonly TableState[]): boolean {
  return wanted.every((table) => {
    const there = actual.find(({ name }) => name === table.name)
    const columns = table.columns.map(
      (column) => ({ kind: 'change column', table: table.name, column, keep: true, fill: null }) as const,
    )
    const indexes = table.indexes.map((index) => ({ kind: 'add index', table: table.name, index }) as const)
    return there !== undefined && [...columns, ...indexes].every((action) => isDone(actual, action))
  })
}
