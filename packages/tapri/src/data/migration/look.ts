import type { MigrationAction, TableState } from './state.ts'

/** What a plan is made from: tables, and how many rows stand in its way. Undefined where nobody can know. */
export interface Look {
  tables(): Promise<readonly TableState[]>
  countRows(table: string): Promise<number | undefined>
  countNulls(table: string, column: string): Promise<number | undefined>
  countTwins(table: string, columns: readonly string[]): Promise<number | undefined>
  countOrphans(table: string, column: string, target: string): Promise<number | undefined>
  costOf?(action: MigrationAction): string
  addIndexLive?: unknown
}

/** Tables without a database, as migration files describe them. */
export function blindLook(tables: readonly TableState[]): Look {
  const unknown = async () => undefined
  return { tables: async () => tables, countRows: unknown, countNulls: unknown, countTwins: unknown, countOrphans: unknown }
}
