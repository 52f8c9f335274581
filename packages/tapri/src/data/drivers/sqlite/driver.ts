import type { DatabaseFacts, Driver, LoggedChanges, Reader, Transaction } from '../../driver.ts'
import type { MigrationAction, TableState } from '../../migration/state.ts'
import type { Connection } from './connection.ts'
import { inspect } from './inspect.ts'
import { sql, textOf } from './kysely.ts'
import { migrateTables } from './migrate.ts'
import { SqliteReader, SqliteTransaction, WaitingReader } from './session.ts'
import { Statements } from './statements.ts'

/** SQLite in this process: one connection writes, another reads; a database in memory has only the one. */
export class SqliteDriver implements Driver {
  readonly facts: DatabaseFacts
  readonly reader: Reader
  readonly #writer: Connection
  readonly #second: Connection | undefined
  readonly #statements = new Statements()
  readonly #writing: SqliteReader
  #open: Promise<void> | undefined

  constructor(facts: DatabaseFacts, writer: Connection, second: Connection | undefined) {
    this.facts = facts
    this.#writer = writer
    this.#second = second
    this.#writing = new SqliteReader(writer, this.#statements)
    this.reader =
      second === undefined ? new WaitingReader(this.#writing, () => this.#open) : new SqliteReader(second, this.#statements)
  }

  async begin(): Promise<Transaction> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const ended = () => {
      this.#open = undefined
      resolve()
    }
    const transaction = new SqliteTransaction(this.#writer, this.#statements, this.#writing, ended)
    this.#open = promise
    return transaction
  }

  async changesSince(position: number, limit: number): Promise<LoggedChanges[]> {
    const rows = (this.#second ?? this.#writer).rows({
      sql: 'SELECT position, at, changes FROM tapri_changes WHERE position > ? ORDER BY position LIMIT ?',
      parameters: [position, limit],
    })
    return rows.map(([at, moment, changes]) => ({ position: Number(at), at: Number(moment), changes: String(changes) }))
  }

  async tables(): Promise<TableState[]> {
    return inspect(this.#writer)
  }

  async countRows(table: string): Promise<number> {
    return this.#number(textOf(sql`select count(*) from ${sql.table(table)}`))
  }

  async countNulls(table: string, column: string): Promise<number> {
    return this.#number(textOf(sql`select count(*) from ${sql.table(table)} where ${sql.id(column)} is null`))
  }

  async countTwins(table: string, columns: readonly string[]): Promise<number> {
    const present = sql.join(
      columns.map((column) => sql`${sql.id(column)} is not null`),
      sql` and `,
    )
    const names = sql.join(columns.map((column) => sql.id(column)))
    const groups = sql`select 1 from ${sql.table(table)} where ${present} group by ${names} having count(*) > 1`
    return this.#number(textOf(sql`select count(*) from (${groups})`))
  }

  async countOrphans(table: string, column: string, target: string): Promise<number> {
    const targets = sql`select id from ${sql.table(target)}`
    return this.#number(textOf(sql`select count(*) from ${sql.table(table)} where ${sql.id(column)} not in (${targets})`))
  }

  async migrate(actions: readonly MigrationAction[], summaries: readonly string[], at: number): Promise<void> {
    migrateTables(this.#writer, actions, summaries, at)
  }

  async close(): Promise<void> {
    this.#second?.close()
    // SQLite's advice: refresh the planner's figures when they are stale, bounded by analysis_limit
    this.#writer.run('PRAGMA optimize')
    this.#writer.close()
  }

  #number(text: string): number {
    return Number(this.#writer.value(text))
  }
}
