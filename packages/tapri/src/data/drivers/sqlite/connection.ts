import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import type { RawAnswer, RawStatement } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { Sql, SqlValue } from '../sql/dialect.ts'
import { translate } from './failure.ts'
import type { SqliteUrl } from './url.ts'

/** The function that every read asks whether it may go on. Named here, so that a worker need not load what builds SQL. */
export const goOn = 'tapri_go_on'

export type SqliteRow = readonly SQLOutputValue[]
const keptStatements = 500

/** Deno 2.9 never comes back from a statement whose function throws; a thread that overruns is given up there. */
const canStop = !('Deno' in globalThis)

/** A read took longer than it may, or nobody waits for it any more. */
export class Overrun extends Error {}

interface ConnectionOptions {
  readonly readOnly?: boolean
  /** Asked while a read goes on. */
  readonly isAborted?: () => boolean
}

/** One connection with its prepared statements. Its methods are synchronous: SQLite is a library, not a server. */
export class Connection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #isAborted: () => boolean
  #until = Number.POSITIVE_INFINITY
  /** Whether triggers note what is written while `tapri_own` does not say that it is us. */
  marksOwn = false

  constructor(url: Pick<SqliteUrl, 'path' | 'synchronous'>, { readOnly = false, isAborted = never }: ConnectionOptions = {}) {
    this.#database = new DatabaseSync(url.path, { readOnly })
    this.#isAborted = isAborted
    this.#database.function(goOn, () => this.#goOn())
    try {
      this.#configure(url, readOnly)
    } catch (cause) {
      this.#database.close()
      throw cause
    }
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

  /** Rows that are there within so many milliseconds; SQLite asks at some of the rows that it looks at.
   * @throws Overrun when they are not */
  rowsWithin(statement: Sql, limit: number): SqliteRow[] {
    this.#until = performance.now() + limit
    try {
      return this.rows(statement)
    } finally {
      this.#until = Number.POSITIVE_INFINITY
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

  /** Begins a transaction of our own, and waits for that of another process. */
  begin(): void {
    this.run('BEGIN IMMEDIATE')
    if (this.marksOwn) this.#mark()
  }

  commit(): void {
    if (this.marksOwn) this.run('UPDATE tapri_own SET at_work = 0')
    this.run('COMMIT')
  }

  /** The first column of the first row. */
  value(sql: string, ...parameters: readonly SqlValue[]): SQLOutputValue | undefined {
    return this.rows({ sql, parameters })[0]?.[0]
  }

  /** Writes the log into the file and begins it anew, if that can be done at once. */
  shortenLog(): void {
    this.run('PRAGMA busy_timeout = 0')
    try {
      this.rows({ sql: 'PRAGMA wal_checkpoint(TRUNCATE)', parameters: [] })
    } finally {
      this.run('PRAGMA busy_timeout = 5000')
    }
  }

  /** Runs a statement of the app's own, its values made by `rawInputs`; without `writes` SQLite refuses to write. */
  raw(sql: string, values: readonly SQLInputValue[], { writes }: { readonly writes: boolean }): RawAnswer {
    if (!writes) this.run('PRAGMA query_only = 1')
    try {
      const statement = this.#database.prepare(sql)
      if (statement.columns().length === 0) return { rows: [], changed: Number(statement.run(...values).changes) }
      const rows = statement.all(...values)
      return { rows, changed: rows.length }
    } catch (cause) {
      throw translate(cause)
    } finally {
      if (!writes) this.run('PRAGMA query_only = 0')
    }
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  /** SQLite cannot be interrupted from outside, so statements ask this function, which every one of them names. */
  #goOn(): number {
    if (canStop && (performance.now() > this.#until || this.#isAborted())) throw new Overrun('It took too long')
    return 1
  }

  #mark(): void {
    try {
      this.run('UPDATE tapri_own SET at_work = 1')
    } catch (cause) {
      // a process without capture has taken the triggers away, and the table with them
      this.marksOwn = this.value("SELECT count(*) FROM sqlite_schema WHERE name = 'tapri_own'") !== 0
      if (!this.marksOwn) return
      this.run('ROLLBACK')
      throw cause
    }
  }

  #configure(url: Pick<SqliteUrl, 'path' | 'synchronous'>, readOnly: boolean): void {
    // first of all: everything after it may meet another process
    this.run('PRAGMA busy_timeout = 5000')
    if (url.path !== ':memory:' && !readOnly) this.run('PRAGMA journal_mode = WAL')
    this.run(`PRAGMA synchronous = ${url.synchronous}`)
    this.run('PRAGMA foreign_keys = ON')
    this.run('PRAGMA journal_size_limit = 67108864')
    this.run('PRAGMA cache_size = -16000')
    this.run('PRAGMA temp_store = MEMORY')
    this.run('PRAGMA trusted_schema = OFF')
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

/** Values of the app's own.
 * @throws TAPRI_DATA_RAW */
export function rawInputs({ parameters }: RawStatement): SQLInputValue[] {
  return parameters.map(rawInput)
}

function never(): boolean {
  return false
}

/** Truth and moments as the codec stores them. */
function rawInput(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof Date) return value.getTime()
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value
  if (value instanceof Uint8Array) return value
  throw dataError('TAPRI_DATA_RAW', `Cannot give ${typeof value} to SQLite: give text, a number, true, false, a Date or null`)
}
