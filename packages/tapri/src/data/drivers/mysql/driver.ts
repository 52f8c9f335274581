import type { Capture } from '../../capture/capture.ts'
import type {
  BeginOptions,
  ChangesRead,
  DatabaseFacts,
  Driver,
  Health,
  Raw,
  RawStatement,
  Reader,
  Tail,
  Transaction,
} from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { type FileMark, type MigrationRecord, readRecord, writeRecord } from '../../migration/record.ts'
import type { IndexState, MigrationAction, TableState } from '../../migration/state.ts'
import type { Together } from '../../together.ts'
import { BriefTransaction } from '../brief.ts'
import { reasonOf } from '../said.ts'
import { counts } from '../sql/counts.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Operand } from '../sql/kysely.ts'
import { Statements } from '../sql/statements.ts'
import { dialectOf } from './dialect.ts'
import { asBusy, mayPass } from './failure.ts'
import { inspect } from './inspect.ts'
import { changesOf, readEntries, trimLog } from './log.ts'
import { addIndex, costOf, migrateTables } from './migrate.ts'
import { rawOn } from './raw.ts'
import { MysqlReader } from './reader.ts'
import type { Server } from './server.ts'
import { beginOn, MysqlTransaction } from './session.ts'
import { togetherOn } from './together.ts'
import { WordsWrites } from './words.ts'

export interface MysqlOptions {
  readonly facts: DatabaseFacts
  readonly server: Server
  readonly tail: Tail
  readonly capture: Capture
  readonly pool: number
}

/** MySQL and MariaDB: many transactions at once, each on a connection of the pool. */
export class MysqlDriver implements Driver {
  readonly facts: DatabaseFacts
  readonly reader: Reader
  readonly writers: number
  readonly tail: Tail
  readonly capture: Capture
  readonly ordersAsSeen = true
  readonly #server: Server
  readonly #dialect: Dialect
  readonly #statements: Statements
  readonly #words: WordsWrites
  readonly #together: Together
  #isAlone = false

  constructor({ facts, server, tail, capture, pool }: MysqlOptions) {
    this.facts = facts
    this.tail = tail
    this.capture = capture
    this.#server = server
    this.#dialect = dialectOf(server.flavour)
    this.#statements = new Statements(this.#dialect)
    this.#words = new WordsWrites(this.#dialect.builder, server.flavour)
    this.#together = togetherOn({ server, statements: this.#statements, words: this.#words })
    // writers may wait for each other; there is always a connection left to read with
    this.writers = pool - 1
    this.reader = new MysqlReader(
      (statement, signal) => server.rows(statement, signal),
      this.#statements,
      (work, signal) => this.#readRaw(work, signal),
    )
  }

  async begin(options: BeginOptions): Promise<Transaction> {
    const begin = () => this.#begin(options)
    const isPlain = options.brief === true && options.isolation === 'serial'
    return isPlain ? new BriefTransaction({ begin, together: this.#together, trim: (trim) => this.#trim(trim) }) : begin()
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const session = await this.#server.connect({ timeout: 0 })
    try {
      await beginOn(session, { isolation: 'row', alone: true })
      this.#isAlone = true
      const result = await work()
      // whoever lost the connection was not alone to the end
      await session.run('commit')
      return result
    } finally {
      this.#isAlone = false
      // the end of the connection is the end of its locks
      session.close()
    }
  }

  mayPass(error: unknown): boolean {
    return mayPass(error)
  }

  async changesSince(position: number, limit: number): Promise<ChangesRead> {
    return changesOf(await this.#server.rows(readEntries(position, limit)), position)
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
    if (!this.#isAlone) {
      throw dataError('TAPRI_DATA_MIGRATION', 'Cannot migrate while others may write: it must be done exclusively')
    }
    await migrateTables(this.#server, this.#statements, { actions, record: writeRecord(summaries, file), at })
  }

  costOf(action: MigrationAction): string {
    return costOf(action, this.#server.flavour)
  }

  /** The lock of another name than that of a migration, which the work takes in turn. */
  async migratingAlone<T>(work: () => Promise<T>): Promise<T> {
    const session = await this.#server.connect({ timeout: 0 })
    try {
      await session.run("do get_lock(concat('tapri files ', left(sha2(database(), 256), 40)), 86400)")
      return await work()
    } finally {
      session.close()
    }
  }

  addIndexLive(table: string, index: IndexState): Promise<void> {
    return addIndex(this.#server, this.#statements, { kind: 'add index', table, index })
  }

  async migrations(): Promise<readonly MigrationRecord[]> {
    const rows = await this.#server.rows({ sql: 'select at, steps from tapri_migrations order by id', parameters: [] })
    return rows.map(([at, steps]) => readRecord(Number(at), String(steps)))
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

  async #begin(options: BeginOptions): Promise<MysqlTransaction> {
    try {
      const { session } = await this.#server.session((fresh) => beginOn(fresh, options))
      const parts = { server: this.#server, statements: this.#statements, dialect: this.#dialect, words: this.#words }
      return new MysqlTransaction({ ...parts, session, begun: options })
    } catch (error) {
      throw asBusy(error)
    }
  }

  async #trim(trim: { readonly kept: number; readonly before: number }): Promise<void> {
    const { session } = await this.#server.session((fresh) => trimLog(fresh, trim))
    session.release()
  }

  async #readRaw<T>(work: (raw: Raw) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const { session } = await this.#server.session((fresh) => fresh.run('start transaction read only'))
    const run = (statement: RawStatement) =>
      signal === undefined ? session.raw(statement) : this.#server.until(signal, session, () => session.raw(statement))
    try {
      return await work(rawOn(run))
    } finally {
      await session.run('rollback').catch(() => session.close())
      session.release()
    }
  }

  async #number(statement: Operand): Promise<number> {
    const [row] = await this.#server.rows({ sql: this.#statements.text(statement), parameters: [] })
    return Number(row?.[0])
  }
}
