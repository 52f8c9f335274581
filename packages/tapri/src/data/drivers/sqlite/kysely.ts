import { DummyDriver, Kysely, type RawBuilder, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import type { Sql, SqlValue } from './connection.ts'

/** Tables and columns come from the models at run time, so their types are open here. */
type Tables = Record<string, Record<string, unknown>>

/** Kysely as a compiler only: it quotes and numbers, it never runs anything. */
export const builder = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

export { sql }
export type Fragment = RawBuilder<boolean>

/** The text and the values of a query. */
export function compiled(query: { compile(): { readonly sql: string; readonly parameters: readonly unknown[] } }): Sql {
  const { sql: text, parameters } = query.compile()
  return { sql: text, parameters: sqlValues(parameters) }
}

/** The text of a raw statement without values. */
export function textOf(statement: RawBuilder<unknown>): string {
  return statement.compile(builder).sql
}

// Every value was encoded before it was given to the builder.
function sqlValues(parameters: readonly unknown[]): readonly SqlValue[] {
  return parameters as readonly SqlValue[]
}
