import type { MigrationAction, TableState } from './state.ts'

/** A step of a migration file. */
export type FileStep =
  | Exclude<MigrationAction, { readonly kind: 'create table' }>
  | { readonly kind: 'create table'; readonly table: Omit<TableState, 'ours'> }

/** Changes rows through the tables as they are at that moment, which no type can know; no policy applies. It may be run
 * again after a crash. */
export type DataStep = (context: { readonly db: any }) => Promise<unknown>

/** What a file in `migrations/` exports. */
export interface MigrationFile {
  /** Makes the rows fit for the steps. */
  readonly before?: DataStep
  readonly steps: readonly FileStep[]
  /** Fills what the steps have made. */
  readonly after?: DataStep
}

/** A file under the name that it is recorded by, with the checksum of what it says. */
export interface NamedMigration {
  readonly name: string
  readonly checksum: string
  readonly file: MigrationFile
}

/**
 * Declares the migration of a file; `tapri migrate write` makes such files.
 * @example export default migration({ steps: [{ kind: 'rename column', table: 'posts', column: 'title', to: 'heading' }] })
 */
export function migration(file: MigrationFile): MigrationFile {
  return file
}

export function actionsOf(file: MigrationFile): MigrationAction[] {
  return file.steps.map((step) => (step.kind === 'create table' ? { ...step, table: { ...step.table, ours: true } } : step))
}
