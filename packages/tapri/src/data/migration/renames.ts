import type { Catalog, Model } from '../catalog.ts'
import { isAlikeIndex, type MigrationAction, type MigrationStep, type TableState } from './state.ts'
import type { Walk } from './walk.ts'
import { isOurIndex } from './wanted.ts'

type Renaming = MigrationAction & { readonly kind: 'rename table' | 'rename column' | 'rename index' }

/** Renames what the models say was called otherwise, and takes the steps of it. Tables first: columns name their tables. */
export async function renameSteps(catalog: Catalog, wanted: readonly TableState[], walk: Walk): Promise<MigrationStep[]> {
  const steps: MigrationStep[] = []
  const take = (step: MigrationStep) => {
    walk.take(step.action)
    steps.push(step)
  }
  for (const model of catalog.values()) {
    if (walk.table(model.name) !== undefined) continue
    const from = model.was.find((name) => !catalog.has(name) && walk.table(name)?.ours === true)
    if (from !== undefined) take(renameTable(from, model.name))
  }
  for (const table of wanted) {
    const model = catalog.get(table.name)
    if (model === undefined) continue
    for (const step of await columnSteps(model, walk)) take(step)
    for (const step of indexSteps(model, table, walk)) take(step)
  }
  return steps
}

function renameTable(from: string, to: string): MigrationStep {
  return renaming(`rename the table "${from}" to "${to}"`, { kind: 'rename table', table: from, to })
}

async function columnSteps(model: Model, walk: Walk): Promise<MigrationStep[]> {
  const steps: MigrationStep[] = []
  const actual = walk.table(model.name)?.columns ?? []
  const isThere = (column: string) => actual.some(({ name }) => name === column)
  for (const { name, facts } of model.stored) {
    const from = facts.was?.find(isThere)
    if (from === undefined || (isThere(name) && !(await isEmpty(walk, model.name, name)))) continue
    // it was made before the model told what it was called
    if (isThere(name)) steps.push(dropEmpty(model.name, name))
    const action = { kind: 'rename column', table: model.name, column: from, to: name } as const
    steps.push(renaming(`rename the column "${from}" of "${model.name}" to "${name}"`, action))
  }
  return steps
}

async function isEmpty(walk: Walk, table: string, column: string): Promise<boolean> {
  const nulls = await walk.countNulls(table, column)
  return nulls !== undefined && nulls === (await walk.countRows(table))
}

function dropEmpty(table: string, column: string): MigrationStep {
  const action = { kind: 'drop column', table, column } as const
  return { summary: `drop the empty column "${column}" of "${table}"`, safe: true, needed: true, action }
}

/** Indexes are called after their tables and columns, and errors are told by their names. */
function indexSteps(model: Model, wanted: TableState, walk: Walk): MigrationStep[] {
  const actual = walk.table(model.name)?.indexes ?? []
  const known = new Set(wanted.indexes.map(({ name }) => name))
  const steps: MigrationStep[] = []
  for (const index of wanted.indexes) {
    if (actual.some(({ name }) => name === index.name)) continue
    const from = actual.find((each) => !known.has(each.name) && isOurIndex(model, each) && isAlikeIndex(each, index))
    if (from === undefined) continue
    known.add(from.name)
    const action = { kind: 'rename index', table: model.name, index: from, to: index.name } as const
    steps.push(renaming(`rename the index "${from.name}" to "${index.name}"`, action))
  }
  return steps
}

function renaming(summary: string, action: Renaming): MigrationStep {
  return { summary, safe: true, needed: true, action }
}
