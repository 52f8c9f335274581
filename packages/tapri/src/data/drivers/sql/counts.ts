import { type Operand, sql } from './kysely.ts'

/** What a migration asks of the rows, each as one statement that answers one number. */
export const counts = {
  rows: (table: string): Operand => sql`select count(*) from ${sql.table(table)}`,

  nulls: (table: string, column: string): Operand =>
    sql`select count(*) from ${sql.table(table)} where ${sql.id(column)} is null`,

  /** Values of the columns, together, that occur more than once. */
  twins(table: string, columns: readonly string[]): Operand {
    const present = columns.map((column) => sql`${sql.id(column)} is not null`)
    const names = sql.join(columns.map((column) => sql.id(column)))
    const groups = sql`select 1 from ${sql.table(table)} where ${sql.join(present, sql` and `)} group by ${names} having count(*) > 1`
    return sql`select count(*) from (${groups}) as twins`
  },

  /** Values of the column that name no row of the target. */
  orphans(table: string, column: string, target: string): Operand {
    const targets = sql`select id from ${sql.table(target)}`
    return sql`select count(*) from ${sql.table(table)} where ${sql.id(column)} not in (${targets})`
  },
}
