import type { Catalog } from '../catalog.ts'
import type { NamedMigration } from './file.ts'
import type { MigrationRecord } from './record.ts'
import type { MigrationAction, MigrationStep, TableState } from './state.ts'
import { isOurIndex, wantedTables } from './wanted.ts'

/** How a database stands to the models and the migration files of an app. */
export interface MigrationStatus {
  readonly applied: readonly MigrationRecord[]
  /** Files that were not run to their end. */
  readonly pending: readonly string[]
  /** Files that were run and are not there any more. */
  readonly gone: readonly string[]
  /** What the database lacks for the models. */
  readonly missing: readonly MigrationStep[]
  /** What the database has and no model asks for, a sentence each. */
  readonly extra: readonly string[]
}

/** Names of files that were run and are not among these. */
export function goneFiles(files: readonly NamedMigration[], records: readonly MigrationRecord[]): string[] {
  const names = records.flatMap(({ file }) => (file === undefined ? [] : [file.name]))
  return [...new Set(names)].filter((name) => !files.some((file) => file.name === name))
}

/** What is in the database and in no model: left from former models, or made by hand. What a missing step renames is asked
 * for by another name. */
export function extrasOf(catalog: Catalog, tables: readonly TableState[], missing: readonly MigrationStep[]): string[] {
  const renamed = new Set(missing.map(({ action }) => oldNameOf(action)))
  const wanted = new Map(wantedTables(catalog).map((table) => [table.name, table]))
  return tables.flatMap((table) => {
    if (renamed.has(nameOf(table.name))) return []
    const model = catalog.get(table.name)
    const asked = wanted.get(table.name)
    if (model === undefined || asked === undefined) return [`the table "${table.name}" is in no model`]
    const columns = table.columns.filter(
      ({ name }) => !asked.columns.some((each) => each.name === name) && !renamed.has(nameOf(table.name, name)),
    )
    const indexes = table.indexes.filter((index) => !isOurIndex(model, index))
    return [
      ...columns.map(({ name }) => `the column "${name}" of "${table.name}" is in no model`),
      ...indexes.map(({ name }) => `the index "${name}" of "${table.name}" was made by hand`),
    ]
  })
}

function oldNameOf(action: MigrationAction): string | undefined {
  if (action.kind === 'rename table') return nameOf(action.table)
  return action.kind === 'rename column' ? nameOf(action.table, action.column) : undefined
}

function nameOf(table: string, column = ''): string {
  return JSON.stringify([table, column])
}
