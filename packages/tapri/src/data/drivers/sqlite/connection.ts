import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import type { Sql, SqlValue } from '../sql/dialect.ts'
import { translate } from './failure.ts'
import type { SqliteUrl } from './url.ts'

type SqliteRow = readonly SQLOutputValue[]
const keptStatements = 500

/** One connection with its prepared statements. Its methods are synchronous: SQLite is a library, not a server. */
export class Connection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(url: SqliteUrl) {
    this.#database = new DatabaseSync(url.path)
    // first of all: everything after it may meet another process
    this.run('PRAGMA busy_timeout = 5000')
    if (url.path !== ':memory:') this.run('PRAGMA journal_mode = WAL')
    this.run(`PRAGMA synchronous = ${url.synchronous}`)
    this.run('PRAGMA foreign_keys = ON')
    this.run('PRAGMA journal_size_limit = 67108864')
    this.run('PRAGMA cache_size = -16000')
    this.run('PRAGMA temp_store = MEMORY')
    this.run('PRAGMA trusted_schema = OFF')
  }

  /** A statement for whoever calls it often enough to keep it. */
  prepare(sql: string): StatementSync {
    const statement = this.#database.prepare(sql)
    // node types the rows as objects whatever is set here; `rowsOf` reads them as what they are
    statement.setReturnArrays(true)
    return statement
  }

  rows({ sql, parameters }: Sql): SqliteRow[] {
    try {
      return rowsOf(this.#statement(sql).all(...inputs(parameters)))
    } catch (cause) {
      throw translate(cause)
    }
  }

  write({ sql, parameters }: Sql): number {
    try {
      return Number(this.#statement(sql).run(...inputs(parameters)).lastInsertRowid)
    } catch (cause) {
      throw translate(cause)
    }
  }

  /** Runs a statement that has no values. */
  run(sql: string): void {
    this.write({ sql, parameters: [] })
  }

  /** The first column of the first row. */
  value(sql: string, ...parameters: readonly SqlValue[]): SQLOutputValue | undefined {
    return this.rows({ sql, parameters })[0]?.[0]
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.prepare(sql)
    this.#statements.set(sql, statement)
    if (this.#statements.size > keptStatements) this.#forgetOldest()
    return statement
  }

  #forgetOldest(): void {
    const oldest = this.#statements.keys().next().value
    if (oldest !== undefined) this.#statements.delete(oldest)
  }
}

// Truth is encoded as a number and lists as JSON here; the other kinds of values are those of SQLite.
function inputs(parameters: readonly SqlValue[]): readonly SQLInputValue[] {
  return parameters as readonly SQLInputValue[]
}

// With setReturnArrays(true) every row is an array; @types/node does not say so.
function rowsOf(rows: readonly unknown[]): SqliteRow[] {
  return rows as SqliteRow[]
}

/** One row of a statement of `prepare`, read like `rowsOf`. */
export function firstRow(statement: StatementSync, id: string): SqliteRow | undefined {
  try {
    const row: unknown = statement.get(id)
    return row as SqliteRow | undefined
  } catch (cause) {
    throw translate(cause)
  }
}
