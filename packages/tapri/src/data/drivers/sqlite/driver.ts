import { TapriError } from '../../../kit/errors.ts'
import type { Capture } from '../../capture/capture.ts'
import type { BeginOptions, ChangesRead, DatabaseFacts, Driver, Health, Reader, Transaction } from '../../driver.ts'
import { type FileMark, type MigrationRecord, readRecord } from '../../migration/record.ts'
import type { MigrationAction, TableState } from '../../migration/state.ts'
import { counts } from '../sql/counts.ts'
import type { Operand } from '../sql/kysely.ts'
import { Statements } from '../sql/statements.ts'
import { Connection } from './connection.ts'
import { dialect } from './dialect.ts'
import { inspect } from './inspect.ts'
import { costOf, migrateTables } from './migrate.ts'
import { PacedReader } from './paced-reader.ts'
import type { ReadPool } from './read-pool.ts'
import { SqliteReader, WaitingReader } from './session.ts'
import type { Upkeep } from './upkeep.ts'
import { Writes } from './writes.ts'

/** What a database in a file has beside the connection that writes. */
export interface FileParts {
  readonly path: string
  readonly second: Connection
  readonly pool: ReadPool | undefined
  readonly upkeep: Upkeep
  readonly capture: Capture
  /** Milliseconds that one read may take. */
  readonly limit: number
}

/** SQLite in this process: one connection writes, another reads; a database in memory has only the one. */
export class SqliteDriver implements Driver {
  readonly facts: DatabaseFacts
  readonly writers = 1
  readonly tail = undefined
  readonly ordersAsSeen = true
  readonly reader: Reader
  readonly capture: Capture | undefined
  readonly #writer: Connection
  readonly #file: FileParts | undefined
  readonly #second: Connection | undefined
  readonly #statements = new Statements(dialect)
  readonly #writes: Writes

  constructor(facts: DatabaseFacts, writer: Connection, file: FileParts | undefined) {
    this.facts = facts
    this.#writer = writer
    this.#file = file
    this.#second = file?.second
    this.capture = file?.capture
    const reader = new SqliteReader(writer, this.#statements)
    this.#writes = new Writes({
      connection: writer,
      statements: this.#statements,
      reader,
      shares: file !== undefined,
      now: () => performance.now(),
    })
    this.reader =
      file === undefined
        ? new WaitingReader(reader, () => this.#writes.open)
        : new PacedReader(file.second, this.#statements, file)
  }

  async begin(options: BeginOptions): Promise<Transaction> {
    this.#file?.upkeep.requireFile()
    return this.#writes.begin(options)
  }

  async exclusively<T>(work: () => Promise<T>, { migrates = false } = {}): Promise<T> {
    await this.#writes.settle()
    return migrates ? this.#locked(work) : work()
  }

  mayPass(error: unknown): boolean {
    return error instanceof TapriError && error.code === 'TAPRI_DATA_CONFLICT'
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

  /** As of one moment: another process may be at work on the tables. */
  async tables(): Promise<TableState[]> {
    if (this.#writer.isInTransaction) return inspect(this.#writer)
    this.#writer.run('BEGIN')
    try {
      return inspect(this.#writer)
    } finally {
      this.#writer.run('ROLLBACK')
    }
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

  async migrate(actions: readonly MigrationAction[], summaries: readonly string[], at: number, file?: FileMark): Promise<void> {
    migrateTables(this.#writer, this.#statements, actions, { at, summaries, ...(file && { file }) })
  }

  async migrations(): Promise<MigrationRecord[]> {
    const rows = this.#writer.rows({ sql: 'SELECT at, steps FROM tapri_migrations ORDER BY id', parameters: [] })
    return rows.map(([at, steps]) => readRecord(Number(at), String(steps)))
  }

  /** The lock of a file beside the database, as the database itself is written meanwhile. */
  async migratingAlone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#file === undefined) return work()
    const lock = new Connection({ path: `${this.#file.path}.migrating`, synchronous: 'OFF' })
    try {
      lock.run('BEGIN EXCLUSIVE')
      return await work()
    } finally {
      lock.close()
    }
  }

  costOf(action: MigrationAction): string {
    return costOf(action)
  }

  async health(): Promise<Health> {
    try {
      this.#writer.value('SELECT 1')
      const trouble = this.#file?.upkeep.look()
      return trouble === undefined ? { answers: true } : { answers: false, reason: trouble }
    } catch (error) {
      return { answers: false, reason: error instanceof Error ? error.message : String(error) }
    }
  }

  async close(): Promise<void> {
    this.#file?.upkeep.close()
    await this.#file?.pool?.close()
    this.#second?.close()
    // SQLite's advice: refresh the planner's figures when they are stale, bounded by analysis_limit
    this.#writer.run('PRAGMA optimize')
    this.#writer.close()
  }

  /** With the lock of the file, which other processes wait for, and which goes with a process that is killed. */
  async #locked<T>(work: () => Promise<T>): Promise<T> {
    // https://sqlite.org/lang_altertable.html#otheralter: off while a table is rebuilt, and only outside of a transaction
    this.#writer.run('PRAGMA foreign_keys = OFF')
    try {
      this.#writer.run('BEGIN IMMEDIATE')
      const result = await work()
      this.#writer.run('COMMIT')
      return result
    } finally {
      if (this.#writer.isInTransaction) this.#writer.run('ROLLBACK')
      this.#writer.run('PRAGMA foreign_keys = ON')
    }
  }

  #number(statement: Operand): number {
    return Number(this.#writer.value(this.#statements.text(statement)))
  }
}
