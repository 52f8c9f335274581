import type { Capture } from '../../capture/capture.ts'
import type { BeginOptions, ChangesRead, DatabaseFacts, Driver, Health, Reader, Tail, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { type FileMark, type MigrationRecord, readRecord } from '../../migration/record.ts'
import type { IndexState, MigrationAction, TableState } from '../../migration/state.ts'
import type { Together } from '../../together.ts'
import { BriefTransaction } from '../brief.ts'
import { reasonOf } from '../said.ts'
import { counts } from '../sql/counts.ts'
import type { Operand } from '../sql/kysely.ts'
import { Statements } from '../sql/statements.ts'
import { dialect } from './dialect.ts'
import { mayPass } from './failure.ts'
import { inspect } from './inspect.ts'
import { addIndexLive, lockedFor, validateReferences } from './live.ts'
import { changesOf, readVisible, trimLog } from './log.ts'
import { costOf, migrateTables } from './migrate.ts'
import { PooledReader } from './pooled-reader.ts'
import type { Server, Session } from './server.ts'
import { togetherOn } from './together.ts'
import { PostgresTransaction } from './transaction.ts'

export interface PostgresOptions {
  readonly facts: DatabaseFacts
  readonly server: Server
  readonly tail: Tail
  readonly capture: Capture
  readonly pool: number
}

/** PostgreSQL: many transactions at once, each on a connection of the pool. */
export class PostgresDriver implements Driver {
  readonly facts: DatabaseFacts
  readonly reader: Reader
  readonly writers: number
  readonly tail: Tail
  readonly capture: Capture
  readonly ordersAsSeen = true
  readonly #server: Server
  readonly #statements = new Statements(dialect)
  readonly #together: Together
  #alone: Session | undefined

  constructor({ facts, server, tail, capture, pool }: PostgresOptions) {
    this.facts = facts
    this.tail = tail
    this.capture = capture
    this.#server = server
    this.#together = togetherOn(server)
    // writers may wait for each other; there is always a connection left to read with
    this.writers = pool - 1
    this.reader = new PooledReader(server, this.#statements)
  }

  async begin(options: BeginOptions): Promise<Transaction> {
    const begin = async () => PostgresTransaction.begin(await this.#server.session(), this.#statements, options)
    const isPlain = options.brief === true && options.isolation === 'serial'
    return isPlain ? new BriefTransaction({ begin, together: this.#together, trim: (trim) => this.#trim(trim) }) : begin()
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const session = await this.#server.session()
    let isWhole = false
    try {
      await session.run('begin; set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0')
      await session.run('lock table tapri_turn in exclusive mode')
      this.#alone = session
      const result = await work()
      await session.run('commit')
      isWhole = true
      return result
    } finally {
      this.#alone = undefined
      // a closed connection undoes and unlocks as well as a rollback does
      session.release(!isWhole)
    }
  }

  mayPass(error: unknown): boolean {
    return mayPass(error)
  }

  async changesSince(position: number, limit: number): Promise<ChangesRead> {
    return changesOf(await this.#server.rows(readVisible(position, limit)))
  }

  tables(): Promise<TableState[]> {
    return inspect((statement) => this.#server.rows(statement))
  }

  countRows(table: string): Promise<number> {
    return this.#number(counts.rows(table))
  }

  countNulls(table: string, column: string): Promise<number> {
    return this.#number(counts.nulls(table, column))
  }

  countTwins(table: string, columns: readonly string[]): Promise<number> {
    return this.#number(counts.twins(table, columns))
  }

  countOrphans(table: string, column: string, target: string): Promise<number> {
    return this.#number(counts.orphans(table, column, target))
  }

  async migrate(actions: readonly MigrationAction[], summaries: readonly string[], at: number, file?: FileMark): Promise<void> {
    if (this.#alone === undefined) {
      throw dataError('TAPRI_DATA_MIGRATION', 'Cannot migrate while others may write: it must be done exclusively')
    }
    await migrateTables(this.#alone, this.#statements, actions, { at, summaries, ...(file && { file }) })
  }

  async migrations(): Promise<MigrationRecord[]> {
    const rows = await this.#server.rows({ sql: 'select at, steps from tapri_migrations order by id', parameters: [] })
    return rows.map(([at, steps]) => readRecord(Number(at), String(steps)))
  }

  costOf(action: MigrationAction): string {
    return costOf(action)
  }

  migratingAlone<T>(work: () => Promise<T>): Promise<T> {
    return lockedFor(this.#server, 'tapri_files', work)
  }

  addIndexLive(table: string, index: IndexState): Promise<void> {
    return addIndexLive(this.#server, this.#statements, { table, index })
  }

  settleMigration(): Promise<void> {
    return validateReferences(this.#server, this.#statements)
  }

  async health(): Promise<Health> {
    try {
      await this.#server.rows({ sql: 'select 1', parameters: [] })
      return { answers: true }
    } catch (error) {
      return { answers: false, reason: reasonOf(error) }
    }
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  async #trim(trim: { readonly kept: number; readonly before: number }): Promise<void> {
    const session = await this.#server.session()
    await trimLog(session, trim)
    session.release(false)
  }

  async #number(statement: Operand): Promise<number> {
    const [row] = await this.#server.rows({ sql: this.#statements.text(statement), parameters: [] })
    return Number(row?.[0])
  }
}
