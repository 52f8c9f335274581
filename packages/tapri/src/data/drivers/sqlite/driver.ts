import type { ChangesRead, DatabaseFacts, Driver, Health, Reader, Transaction } from '../../driver.ts'
import type { MigrationAction, TableState } from '../../migration/state.ts'
import { counts } from '../sql/counts.ts'
import type { Operand } from '../sql/kysely.ts'
import { Statements } from '../sql/statements.ts'
import type { Connection } from './connection.ts'
import { dialect } from './dialect.ts'
import { inspect } from './inspect.ts'
import { migrateTables } from './migrate.ts'
import { SqliteReader, SqliteTransaction, WaitingReader } from './session.ts'

/** SQLite in this process: one connection writes, another reads; a database in memory has only the one. */
export class SqliteDriver implements Driver {
  readonly facts: DatabaseFacts
  readonly writers = 1
  readonly tail = undefined
  readonly reader: Reader
  readonly #writer: Connection
  readonly #second: Connection | undefined
  readonly #statements = new Statements(dialect)
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

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return work()
  }

  mayPass(): boolean {
    return false
  }

  async changesSince(position: number, limit: number): Promise<ChangesRead> {
    const reading = this.#second ?? this.#writer
    const rows = reading.rows({
      sql: 'SELECT position, at, changes FROM tapri_changes WHERE position > ? ORDER BY position LIMIT ?',
      parameters: [position, limit],
    })
    const entries = rows.map(([at, moment, changes]) => ({ position: Number(at), at: Number(moment), changes: String(changes) }))
    // positions have no gaps, so what is missing in front of the oldest was forgotten
    const oldest = reading.value('SELECT min(position) FROM tapri_changes')
    return { entries, forgotten: typeof oldest === 'number' ? oldest - 1 : 0 }
  }

  async tables(): Promise<TableState[]> {
    return inspect(this.#writer)
  }

  async countRows(table: string): Promise<number> {
    return this.#number(counts.rows(table))
  }

  async countNulls(table: string, column: string): Promise<number> {
    return this.#number(counts.nulls(table, column))
  }

  async countTwins(table: string, columns: readonly string[]): Promise<number> {
    return this.#number(counts.twins(table, columns))
  }

  async countOrphans(table: string, column: string, target: string): Promise<number> {
    return this.#number(counts.orphans(table, column, target))
  }

  async migrate(actions: readonly MigrationAction[], summaries: readonly string[], at: number): Promise<void> {
    migrateTables(this.#writer, this.#statements, actions, summaries, at)
  }

  async health(): Promise<Health> {
    try {
      this.#writer.value('SELECT 1')
      return { answers: true }
    } catch (error) {
      return { answers: false, reason: error instanceof Error ? error.message : String(error) }
    }
  }

  async close(): Promise<void> {
    this.#second?.close()
    // SQLite's advice: refresh the planner's figures when they are stale, bounded by analysis_limit
    this.#writer.run('PRAGMA optimize')
    this.#writer.close()
  }

  #number(statement: Operand): number {
    return Number(this.#writer.value(this.#statements.text(statement)))
  }
}
