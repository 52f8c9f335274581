import type { Clock } from '../../kit/clock.ts'
import type { Driver } from '../driver.ts'
import { dataError } from '../errors.ts'
import type { SystemDb } from '../types.ts'
import { describe } from './describe.ts'
import { actionsOf, type DataStep, type NamedMigration } from './file.ts'
import { fold } from './fold.ts'
import { priced } from './plan.ts'
import type { FileMark, MigrationRecord } from './record.ts'
import { applyLive, applySteps } from './run.ts'
import type { MigrationAction, MigrationStep, TableState } from './state.ts'

/** What the files of an app are run with. */
export interface FileRun {
  readonly driver: Driver
  readonly clock: Clock
  /** Nobody else writes or migrates meanwhile. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
  /** The tables as they are. */
  db(): Promise<SystemDb<any>>
}

/** What the files make of an empty database. */
export function tablesOf(files: readonly NamedMigration[]): readonly TableState[] {
  return files.flatMap(({ file }) => actionsOf(file)).reduce(fold, [])
}

/**
 * The files that were not run to their end.
 * @throws TAPRI_DATA_MIGRATION when one that was run says something else by now
 */
export function pendingFiles(files: readonly NamedMigration[], records: readonly MigrationRecord[]): NamedMigration[] {
  const edited = files.find(({ name, checksum }) => marksOf(records, name).some((mark) => mark.checksum !== checksum))
  if (edited !== undefined) {
    const message = `Cannot migrate: "${edited.name}" was changed after it was applied, put it back as it was and write another file`
    throw dataError('TAPRI_DATA_MIGRATION', message)
  }
  return files.filter(({ name, file }) => !isPast(marksOf(records, name), file.after === undefined ? 'steps' : 'after'))
}

/** Runs one file, from where an earlier run of it ended. */
export async function runFile({ name, checksum, file }: NamedMigration, run: FileRun): Promise<void> {
  const past = marksOf(await run.driver.migrations(), name)
  const mark = (part: FileMark['part']): FileMark => ({ name, checksum, part })
  if (file.before !== undefined && !isPast(past, 'before')) await runData(file.before, mark('before'), run)
  if (!isPast(past, 'steps')) await runSteps(actionsOf(file), mark('steps'), run)
  if (file.after !== undefined && !isPast(past, 'after')) await runData(file.after, mark('after'), run)
}

/** Records files as run whose tables are there already, made without them. */
export async function adoptFiles(files: readonly NamedMigration[], run: FileRun): Promise<void> {
  for (const { name, checksum, file } of files) {
    const part = file.after === undefined ? 'steps' : 'after'
    await run.exclusive(() => run.driver.migrate([], ['taken as applied'], run.clock.now(), { name, checksum, part }))
  }
}

async function runSteps(
  actions: readonly MigrationAction[],
  mark: FileMark,
  { driver, clock, exclusive }: FileRun,
): Promise<void> {
  const described = actions.map((action): MigrationStep => ({ summary: describe(action), safe: true, needed: true, action }))
  const steps = await Promise.all(described.map((step) => priced(step, driver)))
  const live = steps.filter((step) => step.live === true)
  if (live.length === 0) {
    await exclusive(async () => {
      // another process may have been first
      if (isPast(marksOf(await driver.migrations(), mark.name), 'steps')) return
      await applySteps(steps, driver, clock.now(), mark)
    })
  } else
    await exclusive(() =>
      applySteps(
        steps.filter((step) => step.live !== true),
        driver,
        clock.now(),
      ),
    )
  await applyLive(live, { driver, clock, exclusive })
  if (live.length > 0) await exclusive(() => driver.migrate([], [`steps of ${mark.name}`], clock.now(), mark))
}

async function runData(step: DataStep, mark: FileMark, run: FileRun): Promise<void> {
  try {
    await step({ db: await run.db() })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw dataError('TAPRI_DATA_MIGRATION', `Cannot migrate: "${mark.part}" of "${mark.name}" failed: ${reason}`, { cause })
  }
  await run.exclusive(() => run.driver.migrate([], [`${mark.part} of ${mark.name}`], run.clock.now(), mark))
}

const order = ['before', 'steps', 'after'] as const

function isPast(marks: readonly FileMark[], part: FileMark['part']): boolean {
  return marks.some((mark) => order.indexOf(mark.part) >= order.indexOf(part))
}

function marksOf(records: readonly MigrationRecord[], name: string): FileMark[] {
  return records.flatMap(({ file }) => (file?.name === name ? [file] : []))
}
