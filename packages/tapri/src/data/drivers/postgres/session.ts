import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { BeginOptions, Raw, RawStatement, Reader, Select, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'
import { mayPass, translate, translateWrite } from './failure.ts'
import { trimLog } from './log.ts'
import { rawOn } from './raw.ts'
import type { Session } from './server.ts'

type Run = (statement: Sql) => Promise<SqlRow[]>

/** Reads over whatever runs statements. */
export class PostgresReader implements Reader {
  readonly #run: Run
  readonly #statements: Statements

  constructor(run: Run, statements: Statements) {
    this.#run = run
    this.#statements = statements
  }

  async row(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#first(model, this.#statements.row(model, id))
  }

  async lock(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#first(model, this.#statements.lock(model, id))
  }

  async select(query: Select): Promise<StoredRow[]> {
    return (await this.#run(this.#statements.select(query))).map(this.#statements.decoder(query.columns))
  }

  async count(model: Model, condition: Condition): Promise<number> {
    return Number((await this.#run(this.#statements.count(model, condition)))[0]?.[0])
  }

  async groups(grouping: Grouping): Promise<unknown[][]> {
    return (await this.#run(this.#statements.groups(grouping))).map(this.#statements.groupDecoder(grouping))
  }

  async #first(model: Model, statement: Sql): Promise<StoredRow | undefined> {
    const [row] = await this.#run(statement)
    return row === undefined ? undefined : this.#statements.decoder(model.columns)(row)
  }
}

const levels = { row: 'read committed', serial: 'serializable' } as const

/** A transaction on a connection of its own. */
export class PostgresTransaction implements Transaction {
  readonly #session: Session
  readonly #statements: Statements
  readonly #reader: PostgresReader
  #isOpen = true
  #depth = 0
  #trim: { readonly kept: number; readonly before: number } | undefined
  /** What makes COMMIT impossible, though somebody may have caught it. */
  #failed: unknown
  #atWork = 0
  #cancelling: Promise<void> | undefined

  private constructor(session: Session, statements: Statements) {
    this.#session = session
    this.#statements = statements
    this.#reader = new PostgresReader((statement) => this.#rows(statement), statements)
  }

  static async begin(session: Session, statements: Statements, { isolation, alone }: BeginOptions): Promise<PostgresTransaction> {
    try {
      // LOCK TABLE comes before the snapshot is taken, so whoever waited for the others sees what they did
      const mode = alone ? 'exclusive' : 'row share'
      await session.run(`begin isolation level ${levels[isolation]}; lock table tapri_turn in ${mode} mode`)
      return new PostgresTransaction(session, statements)
    } catch (error) {
      session.release(true)
      throw error
    }
  }

  row(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#reader.row(model, id)
  }

  lock(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#reader.lock(model, id)
  }

  select(query: Select): Promise<StoredRow[]> {
    return this.#reader.select(query)
  }

  count(model: Model, condition: Condition): Promise<number> {
    return this.#reader.count(model, condition)
  }

  groups(grouping: Grouping): Promise<unknown[][]> {
    return this.#reader.groups(grouping)
  }

  /** In a savepoint that only reads; going back to it takes that away again. */
  async raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    await this.#run('savepoint tapri_raw; set local transaction_read_only = on')
    try {
      return await this.rawWrite(work)
    } finally {
      if (this.#isOpen && this.#failed === undefined) await this.#run('rollback to tapri_raw; release tapri_raw')
    }
  }

  rawWrite<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    const run = (statement: RawStatement) => {
      this.#requireOpen()
      return this.#watched(() => this.#session.raw(statement), translate)
    }
    return work(rawOn(run))
  }

  async insert(model: Model, row: StoredRow): Promise<void> {
    await this.#write(model, this.#statements.insert(model, row))
  }

  async update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#write(model, this.#statements.update(model, id, values))
  }

  async delete(model: Model, ids: readonly string[]): Promise<void> {
    await this.#write(model, this.#statements.delete(model, ids))
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    const name = `s${++this.#depth}`
    await this.#run(`savepoint ${name}`)
    try {
      const result = await work()
      await this.#run(`release ${name}`)
      return result
    } catch (error) {
      if (this.#isOpen && this.#failed === undefined) await this.#run(`rollback to ${name}; release ${name}`)
      throw error
    } finally {
      this.#depth--
    }
  }

  async appendChanges(at: number, changes: string): Promise<number> {
    const [row] = await this.#rows({
      sql: 'insert into tapri_changes (at, changes) values ($1, $2) returning position',
      parameters: [at, changes],
    })
    return Number(row?.[0])
  }

  async trimChanges(kept: number, before: number): Promise<void> {
    this.#trim = { kept, before }
  }

  async cancel(): Promise<void> {
    if (this.#atWork === 0 || !this.#isOpen) return
    this.#cancelling ??= this.#session.cancel()
    await this.#cancelling
  }

  async commit(): Promise<void> {
    await this.#cancelling
    const done = await this.#run('commit')
    // a transaction that has failed inside answers COMMIT with a rollback, and with no error
    if (done !== 'COMMIT') {
      throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot commit a transaction in which a statement has failed')
    }
    this.#isOpen = false
    // by itself: other nodes trim too, and none should wait or fail for that
    if (this.#trim !== undefined) await trimLog(this.#session, this.#trim)
    this.#session.release(false)
  }

  async rollback(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    // the next one on this connection must not be hit by it
    await this.#cancelling
    try {
      await this.#session.run('rollback')
      this.#session.release(false)
    } catch {
      // the connection is lost, and with it the transaction
      this.#session.release(true)
    }
  }

  async #write(model: Model, statement: Sql): Promise<void> {
    this.#requireOpen()
    await this.#watched(
      () => this.#session.rows(statement),
      (cause) => translateWrite(cause, model),
    )
  }

  #rows(statement: Sql): Promise<SqlRow[]> {
    this.#requireOpen()
    return this.#watched(() => this.#session.rows(statement), translate)
  }

  #run(text: string): Promise<string> {
    this.#requireOpen()
    return this.#watched(() => this.#session.run(text), translate)
  }

  async #watched<T>(work: () => Promise<T>, translated: (cause: unknown) => unknown): Promise<T> {
    if (this.#failed !== undefined) throw this.#failed
    this.#atWork++
    try {
      return await work()
    } catch (cause) {
      const error = translated(cause)
      if (mayPass(error)) this.#failed = error
      throw error
    } finally {
      this.#atWork--
    }
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot go on in a transaction that has ended')
  }
}
