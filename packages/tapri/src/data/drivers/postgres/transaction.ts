import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { BeginOptions, Raw, RawStatement, Select, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import { mayBeRefused } from '../../refusable.ts'
import { Levels } from '../levels.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'
import { SqlReader } from '../sql/reader.ts'
import type { Statements } from '../sql/statements.ts'
import { beforeAnything, translate, translateWrite } from './failure.ts'
import { positionOf, trimLog } from './log.ts'
import { Pipeline } from './pipeline.ts'
import { rawOn } from './raw.ts'
import type { Session } from './server.ts'

interface Write {
  readonly model: Model
  readonly statement: Sql
}

const mostSeen = 1000
/**
 * Who writes alone needs no more than one moment to read. PostgreSQL counts a transaction as concurrent for a little longer
 * than it keeps its locks, so that a serializable one could fail for another that has ended.
 */
const levels = {
  row: { shared: 'read committed', alone: 'read committed' },
  serial: { shared: 'serializable', alone: 'repeatable read' },
} as const

/**
 * A transaction on a connection of its own. Writes are sent and not waited for: whoever reads next, ends a savepoint or
 * commits hears of their errors.
 */
export class PostgresTransaction implements Transaction {
  readonly keepsReferences: boolean
  readonly #session: Session
  readonly #statements: Statements
  readonly #reader: SqlReader
  readonly #pipeline = new Pipeline()
  readonly #levels = new Levels<Write>()
  /** Rows as this transaction has read them: it sees one moment, and whoever has changed them since ends it when it writes. */
  readonly #seen: Map<string, SqlRow> | undefined
  #isOpen = true
  #trim: { readonly kept: number; readonly before: number } | undefined
  #committing: Promise<string> | undefined
  #cancelling: Promise<void> | undefined

  private constructor(session: Session, statements: Statements, { isolation, alone, brief = false }: BeginOptions) {
    this.keepsReferences = brief
    this.#seen = isolation === 'serial' && !alone ? new Map() : undefined
    this.#session = session
    this.#statements = statements
    this.#reader = new SqlReader((statement) => this.#rows(statement), statements)
  }

  static async begin(session: Session, statements: Statements, options: BeginOptions): Promise<PostgresTransaction> {
    const { isolation, alone } = options
    const transaction = new PostgresTransaction(session, statements, options)
    // LOCK TABLE comes before the snapshot is taken, so whoever waited for the others sees what they did
    const mode = alone ? 'exclusive' : 'row share'
    const level = levels[isolation][alone ? 'alone' : 'shared']
    const text = `begin isolation level ${level}; lock table tapri_turn in ${mode} mode`
    transaction.#pipeline.send(
      () => session.run(text),
      // when COMMIT is under way too, nobody knows what the server has done of all that
      (cause) => (transaction.#committing === undefined ? beforeAnything(translate(cause)) : translate(cause)),
    )
    return transaction
  }

  async row(model: Model, id: string): Promise<StoredRow | undefined> {
    const [row] = await this.#rows(this.#statements.row(model, id))
    if (row !== undefined && this.#seen !== undefined && this.#seen.size < mostSeen) this.#seen.set(`${model.name} ${id}`, row)
    return row && this.#statements.decoder(model.columns)(row)
  }

  async lock(model: Model, id: string): Promise<StoredRow | undefined> {
    // as it came: whoever was given the row may have changed theirs
    const seen = this.#seen?.get(`${model.name} ${id}`)
    return seen === undefined ? this.#reader.lock(model, id) : this.#statements.decoder(model.columns)(seen)
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
    this.#sendHeld({ isRisky: true })
    await this.#run('savepoint tapri_raw; set local transaction_read_only = on')
    try {
      return await this.rawWrite(work)
    } finally {
      if (this.#isOpen && this.#pipeline.failed === undefined) await this.#run('rollback to tapri_raw; release tapri_raw')
    }
  }

  rawWrite<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    const run = (statement: RawStatement) => {
      this.#requireOpen()
      this.#sendHeld({ isRisky: true })
      this.#seen?.clear()
      return this.#pipeline.ask(() => this.#session.raw(statement), translate)
    }
    return work(rawOn(run))
  }

  async insert(model: Model, row: StoredRow): Promise<void> {
    this.#write({ model, statement: this.#statements.insert(model, row) })
  }

  async update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    const write = { model, statement: this.#statements.update(model, id, values) }
    if (mayBeRefused(model, Object.keys(values))) this.#write(write)
    else this.#hold(write)
  }

  async delete(model: Model, ids: readonly string[]): Promise<void> {
    this.#write({ model, statement: this.#statements.delete(model, ids) })
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.#levels.enter()
    try {
      const result = await work()
      const { made } = this.#levels
      if (made !== undefined) this.#send(`release ${made}`)
      await this.#pipeline.heard()
      this.#levels.leave()
      return result
    } catch (error) {
      await this.#goBack()
      throw error
    }
  }

  /** COMMIT goes out right behind the entry; `commit` hears what became of it. */
  async appendChanges(at: number, changes: string): Promise<number> {
    const position = this.#rows({
      sql: `insert into tapri_changes (position, at, changes) values (${positionOf}, $1, $2) returning position`,
      parameters: [at, changes],
    })
    position.catch(() => {})
    // after a statement that fails COMMIT undoes; and statements that are built here cannot fail to be sent
    if (this.#cancelling === undefined) {
      this.#committing = this.#run('commit')
      this.#committing.catch(() => {})
    }
    const [row] = await position
    return Number(row?.[0])
  }

  async trimChanges(kept: number, before: number): Promise<void> {
    this.#trim = { kept, before }
  }

  async cancel(): Promise<void> {
    if (!this.#pipeline.isAtWork || !this.#isOpen || this.#committing !== undefined) return
    this.#cancelling ??= this.#session.cancel()
    await this.#cancelling
  }

  async commit(): Promise<void> {
    await this.#cancelling
    const done = await (this.#committing ?? this.#run('commit'))
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
    await this.#pipeline.quiet()
    try {
      await this.#session.run('rollback')
      this.#session.release(false)
    } catch {
      // the connection is lost, and with it the transaction
      this.#session.release(true)
    }
  }

  /** Undoes what the innermost level has written. */
  async #goBack(): Promise<void> {
    const { made } = this.#levels
    this.#levels.forget()
    this.#levels.leave()
    this.#seen?.clear()
    await this.#pipeline.quiet()
    const isWhole = this.#isOpen && this.#pipeline.failed === undefined
    if (made !== undefined && isWhole) await this.#run(`rollback to ${made}; release ${made}`)
  }

  #write(write: Write): void {
    this.#requireOpen()
    this.#sendHeld({ isRisky: true })
    this.#seen?.clear()
    this.#sendWrite(write)
  }

  #hold(write: Write): void {
    this.#requireOpen()
    this.#seen?.clear()
    this.#levels.hold(write)
  }

  #sendHeld(how: { readonly isRisky: boolean }): void {
    for (const due of this.#levels.take(how)) {
      if ('savepoint' in due) this.#pipeline.send(() => this.#session.run(`savepoint ${due.savepoint}`), translate)
      else for (const write of due.writes) this.#sendWrite(write)
    }
  }

  #sendWrite({ model, statement }: Write): void {
    this.#pipeline.send(
      () => this.#session.rows(statement),
      (cause) => translateWrite(cause, model),
    )
  }

  #send(text: string): void {
    this.#requireOpen()
    this.#pipeline.send(() => this.#session.run(text), translate)
  }

  async #rows(statement: Sql): Promise<SqlRow[]> {
    this.#requireOpen()
    this.#sendHeld({ isRisky: false })
    return this.#pipeline.ask(() => this.#session.rows(statement), translate)
  }

  async #run(text: string): Promise<string> {
    this.#requireOpen()
    this.#sendHeld({ isRisky: false })
    return this.#pipeline.ask(() => this.#session.run(text), translate)
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot go on in a transaction that has ended')
  }
}
