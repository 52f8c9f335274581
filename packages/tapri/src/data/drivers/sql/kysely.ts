import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  DummyDriver,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { Decimal } from '../../../schema/index.ts'
import type { Raw } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { FullRow, Models } from '../../rows.ts'

/** Tables and columns come from the models at run time, so their types are open here. */
type Tables = Record<string, Record<string, unknown>>
/** Kysely as a compiler only: it quotes and numbers, it never runs anything. */
export type Builder = Kysely<Tables>
export type Fragment = RawBuilder<boolean>
/** A column of a table in a statement, or what else has a value there. */
export type Operand = RawBuilder<unknown>

/** A value as databases keep it: a decimal as the whole number of its smallest parts, lists, files and JSON as text. Truth
 * and moments differ: SQLite has numbers, PostgreSQL booleans and text; what is given as a boolean or a Date is stored right. */
type Stored<T> = T extends Decimal
  ? number
  : T extends string | number | null
    ? T
    : T extends boolean
      ? boolean | number
      : T extends Date
        ? Date | string | number
        : string
type StoredColumns<R> = { [K in keyof R]: Stored<R[K]> }

/** Kysely with the tables of the models, run by the transaction or the pool that lent it. */
export type SqlDatabase<M extends Models> = Kysely<{ [N in keyof M & string]: StoredColumns<FullRow<M, N>> }>

export { sql }

const dialects = {
  sqlite: (createDriver: () => Driver): Dialect => ({
    createAdapter: () => new SqliteAdapter(),
    createDriver,
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }),
  postgres: (createDriver: () => Driver): Dialect => ({
    createAdapter: () => new PostgresAdapter(),
    createDriver,
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }),
  mysql: (createDriver: () => Driver): Dialect => ({
    createAdapter: () => new MysqlAdapter(),
    createDriver,
    createIntrospector: (database) => new MysqlIntrospector(database),
    createQueryCompiler: () => new MysqlQueryCompiler(),
  }),
}

export function sqliteBuilder(): Builder {
  return new Kysely<Tables>({ dialect: dialects.sqlite(() => new DummyDriver()) })
}

export function postgresBuilder(): Builder {
  return new Kysely<Tables>({ dialect: dialects.postgres(() => new DummyDriver()) })
}

export function mysqlBuilder(): Builder {
  return new Kysely<Tables>({ dialect: dialects.mysql(() => new DummyDriver()) })
}

type RawSql = Exclude<Raw, { readonly kind: 'mongodb' }>

interface Lending {
  readonly writes: boolean
  /** Refuses when the time of lending is over. */
  requireOpen(): void
}

/** Kysely over what a driver lends. */
export function sqlDatabase<M extends Models>(raw: RawSql, lending: Lending): SqlDatabase<M> {
  return new Kysely({ dialect: dialects[raw.kind](() => new LentDriver(raw, lending)) })
}

class LentDriver extends DummyDriver {
  readonly #connection: DatabaseConnection

  constructor(raw: RawSql, lending: Lending) {
    super()
    this.#connection = new LentConnection(raw, lending)
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }

  override async beginTransaction(): Promise<void> {
    throw notHere('begin a transaction in it', 'use db.transaction(…), what is raw belongs to it')
  }
}

/** What would end the transaction under it, change what holds for all, or change the tables behind the models' back. */
const refused =
  /(?:\s|(?:--|#)[^\n]*\n|\/\*M?!\d*)*(?:begin|start|commit|end|rollback|abort|savepoint|release|set|reset|pragma|attach|detach|vacuum|lock|create|alter|drop|truncate|rename)\b/iy
const writing: ReadonlySet<string> = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode', 'MergeQueryNode'])

class LentConnection implements DatabaseConnection {
  readonly #raw: RawSql
  readonly #lending: Lending

  constructor(raw: RawSql, lending: Lending) {
    this.#raw = raw
    this.#lending = lending
  }

  async executeQuery<R>({ sql: text, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    this.#lending.requireOpen()
    if (isRefused(text))
      throw notHere(`run "${text.trim().slice(0, 40)}"`, 'tables are changed by migrations, transactions by db.transaction(…)')
    if (!this.#lending.writes && writing.has(query.kind))
      throw notHere('write in raw.read', 'use raw.write, which names what it touches')
    const { rows, changed } = await this.#raw.run({ sql: text, parameters })
    return { rows: asRows(rows), numAffectedRows: BigInt(changed) }
  }

  // biome-ignore lint/correctness/useYield: there is nothing to give before it refuses
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw notHere('stream', 'read it in parts')
  }
}

// Kysely has told the caller what rows its statement gives; the database gives rows of just that statement.
function asRows<R>(rows: readonly unknown[]): R[] {
  return rows as R[]
}

/**
 * Whether a statement begins with what is refused, or may to some database: where a comment in front ends is told by all of
 * them otherwise (PostgreSQL nests comments, MySQL runs what is in some), so each end that it could have is taken for one.
 */
function isRefused(text: string): boolean {
  if (beginsRefused(text, 0)) return true
  if (!/^(?:\s|(?:--|#)[^\n]*\n)*\/\*/.test(text)) return false
  for (let end = text.indexOf('*/'); end !== -1; end = text.indexOf('*/', end + 2)) {
    if (beginsRefused(text, end + 2)) return true
  }
  return false
}

function beginsRefused(text: string, at: number): boolean {
  refused.lastIndex = at
  return refused.test(text)
}

function notHere(what: string, instead: string) {
  return dataError('TAPRI_DATA_RAW', `Cannot ${what}: ${instead}`)
}
