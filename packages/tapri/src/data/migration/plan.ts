import type { Catalog } from '../catalog.ts'
import type { Look } from './look.ts'
import { renameSteps } from './renames.ts'
import type { MigrationPlan, MigrationStep, TableState } from './state.ts'
import { tableSteps } from './table-plan.ts'
import { rows, Walk } from './walk.ts'
import { wantedTables } from './wanted.ts'

/** Indexes of larger tables are made while others write, where the database can. */
const largeTable = 100_000

/** Compares the models with the database. Looks at the rows too: what is harmless today may lose something tomorrow. */
export async function planMigration(catalog: Catalog, look: Look, now: number): Promise<MigrationPlan> {
  const wanted = wantedTables(catalog)
  const walk = new Walk(look, await look.tables())
  const steps = await renameSteps(catalog, wanted, walk)
  for (const table of wanted) {
    const model = catalog.get(table.name)
    const actual = walk.table(table.name)
    if (actual === undefined || model === undefined) steps.push(take(walk, createStep(table)))
    else steps.push(...(await tableSteps({ model, wanted: table, actual, walk, now })))
  }
  for (const table of walk.tables) {
    if (table.ours && !catalog.has(table.name)) steps.push(await dropStep(walk, table))
  }
  return { steps: await Promise.all(steps.map((step) => priced(step, look))) }
}

function take(walk: Walk, step: MigrationStep): MigrationStep {
  walk.take(step.action)
  return step
}

function createStep(table: TableState): MigrationStep {
  return { summary: `create the table "${table.name}"`, safe: true, needed: true, action: { kind: 'create table', table } }
}

async function dropStep(walk: Walk, table: TableState): Promise<MigrationStep> {
  const count = await walk.countRows(table.name)
  const loses = `the table "${table.name}" with ${count === undefined ? 'its rows' : `its ${rows(count)}`}`
  const action = { kind: 'drop table', table: table.name } as const
  return { summary: `drop the table "${table.name}"`, safe: false, loses, needed: false, action }
}

/** With what the step costs there. */
export async function priced(step: MigrationStep, look: Look): Promise<MigrationStep> {
  if (await isLive(step, look)) return { ...step, live: true, cost: 'made while others read and write' }
  return look.costOf === undefined ? step : { ...step, cost: look.costOf(step.action) }
}

async function isLive({ action }: MigrationStep, look: Look): Promise<boolean> {
  // words are put into their index afterwards, while others write
  if (action.kind !== 'add index' || action.index.words || look.addIndexLive === undefined) return false
  // a table that is about to be called so is looked at under its old name by nobody, and is indexed as any other
  const isThere = (await look.tables()).some(({ name }) => name === action.table)
  return isThere && ((await look.countRows(action.table)) ?? 0) > largeTable
}
