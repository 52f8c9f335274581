import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { BeginOptions, Raw, RawStatement, Select, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import { mayBeRefused } from '../../refusable.ts'
import { Levels } from '../levels.ts'
import type { Dialect, Sql, SqlRow } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'
import type { Session } from './connection.ts'
import { asConflict, mayPass, translateWrite, undoesStatementOnly } from './failure.ts'
import { HeldBounds, runTogether } from './held.ts'
import { commitEntry, trimLog } from './log.ts'
import { rawOn } from './raw.ts'
import { MysqlReader } from './reader.ts'
import { DeferredReferences } from './references.ts'
import type { Server } from './server.ts'
import type { WordsWrites } from './words.ts'

const levels = { row: 'read committed', serial: 'serializable' } as const

/** Keeps away whoever would be alone. */
export const sharedTurn = 'select id from tapri_turn where id = 1 lock in share mode'

/** Begins; `alone` waits for everybody who has begun, and keeps others from beginning. */
export async function beginOn(session: Session, { isolation, alone }: BeginOptions): Promise<void> {
  const turn = alone ? 'select id from tapri_turn where id = 1 for update' : sharedTurn
  try {
    await session.run(`set transaction isolation level ${levels[isolation]}; start transaction; ${turn}`)
  } catch (error) {
    // it may have begun before it failed
    session.close()
    throw error
  }
}

interface TransactionParts {
  readonly server: Server
  readonly session: Session
  readonly statements: Statements
  readonly dialect: Dialect
  readonly words: WordsWrites
  readonly begun: BeginOptions
}

const mostSeen = 1000

/** A transaction, begun by `beginOn`, on a connection of its own. */
export class MysqlTransaction implements Transaction {
  readonly keepsReferences: boolean
  readonly #server: Server
  readonly #session: Session
  readonly #statements: Statements
  readonly #reader: MysqlReader
  readonly #words: WordsWrites
  readonly #references: DeferredReferences
  readonly #levels = new Levels<Sql>()
  readonly #held = new HeldBounds()
  /** Rows as this transaction has read and locked them. */
  readonly #seen: Map<string, SqlRow> | undefined
  #isOpen = true
  #trim: { readonly kept: number; readonly before: number } | undefined
  /** What makes COMMIT impossible, though somebody may have caught it. */
  #failed: unknown
  #atWork = 0
  #cancelling: Promise<void> | undefined
  #isCommitting = false
  #isCommitted = false

  constructor({ server, session, statements, dialect, words, begun }: TransactionParts) {
    this.keepsReferences = begun.brief === true
    this.#seen = begun.isolation === 'serial' && !begun.alone ? new Map() : undefined
    this.#server = server
    this.#session = session
    this.#statements = statements
    this.#words = words
    this.#references = new DeferredReferences(dialect, words)
    const rows = (statement: Sql) => this.#guarded(() => session.rows(statement))
    this.#reader = new MysqlReader(rows, statements, (work) => this.#rawRead(work))
  }

  async row(model: Model, id: string): Promise<StoredRow | undefined> {
    const [row] = await this.#guarded(() => this.#session.rows(this.#statements.row(model, id)))
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

  raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return this.#reader.raw(work)
  }

  rawWrite<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    const run = async (statement: RawStatement) => {
      await this.#sendHeld({ isRisky: true })
      this.#seen?.clear()
      return this.#guarded(() => this.#session.raw(statement))
    }
    return work(rawOn(run))
  }

  async insert(model: Model, row: StoredRow): Promise<void> {
    await this.#write(model, this.#statements.insert(model, row))
    for (const statement of this.#words.inserted(model, row)) await this.#write(model, statement)
  }

  async update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    const statement = this.#statements.update(model, id, values)
    if (mayBeRefused(model, Object.keys(values))) await this.#write(model, statement)
    else await this.#hold(model, statement)
    for (const statement of this.#words.updated(model, id, values)) await this.#write(model, statement)
  }

  async delete(model: Model, ids: readonly string[]): Promise<void> {
    await this.#sendHeld({ isRisky: true })
    this.#seen?.clear()
    await this.#guarded(() => this.#references.delete(this.#session, model, ids, this.#statements.delete(model, ids)))
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    const deleted = this.#references.count
    this.#levels.enter()
    try {
      // the next one of the same name takes the place of its savepoint
      return await work()
    } catch (error) {
      const { made } = this.#levels
      this.#levels.forget()
      this.#seen?.clear()
      if (made !== undefined && this.#isOpen && this.#failed === undefined) await this.#run(`rollback to savepoint ${made}`)
      this.#references.cut(deleted)
      throw error
    } finally {
      this.#levels.leave()
    }
  }

  /** Commits with the entry. */
  async appendChanges(at: number, changes: string): Promise<number> {
    await this.#beginCommit()
    const { model } = this.#held
    const held = this.#takeHeld({ isRisky: false })
    const position = await this.#watched(() => commitEntry(this.#session, held, at, changes), model)
    this.#isCommitted = true
    return position
  }

  async trimChanges(kept: number, before: number): Promise<void> {
    this.#trim = { kept, before }
  }

  async cancel(): Promise<void> {
    // whether it is committed would not be known
    if (this.#atWork === 0 || !this.#isOpen || this.#isCommitting) return
    this.#cancelling ??= this.#server.cancel(this.#session)
    await this.#cancelling
  }

  async commit(): Promise<void> {
    if (!this.#isCommitted) {
      await this.#beginCommit()
      await this.#run('commit')
    }
    this.#isOpen = false
    // by itself: other nodes trim too, and none should wait or fail for that
    if (this.#trim !== undefined) await trimLog(this.#session, this.#trim)
    this.#session.release()
  }

  async rollback(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    // the next one on this connection must not be hit by it
    await this.#cancelling
    try {
      await this.#session.run('rollback')
      this.#session.release()
    } catch {
      // the connection is lost, and with it the transaction
      this.#session.close()
      this.#session.release()
    }
  }

  async #beginCommit(): Promise<void> {
    this.#isCommitting = true
    await this.#cancelling
    if (this.#references.areLeft) await this.#guarded(() => this.#references.check(this.#session))
  }

  /** A transaction cannot be told to only read for a while: what was written all the same is undone, and said. */
  async #rawRead<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    await this.#run('savepoint tapri_raw')
    const reading = async (statement: RawStatement) => {
      const answer = await this.#guarded(() => this.#session.raw(statement))
      if (answer.changed === 0) return answer
      throw dataError('TAPRI_DATA_STORAGE', 'Cannot write here: this statement may only read')
    }
    try {
      return await work(rawOn(reading))
    } finally {
      if (this.#isOpen && this.#failed === undefined) {
        await this.#run('rollback to savepoint tapri_raw; release savepoint tapri_raw')
      }
    }
  }

  /** By itself it may wait for what comes next; a level goes back when it fails, and must hear of it in its time. */
  async #write(model: Model, statement: Sql): Promise<void> {
    if (this.#levels.depth === 0) return this.#hold(model, statement)
    this.#seen?.clear()
    if (this.#levels.areHeld) await this.#sendHeld({ isRisky: true })
    const savepoints = this.#takeHeld({ isRisky: true })
    await this.#watched(() => runTogether(this.#session, [...savepoints, statement]), model)
  }

  async #hold(model: Model, statement: Sql): Promise<void> {
    this.#requireWhole()
    this.#seen?.clear()
    if (!this.#held.admits(model, statement)) {
      await this.#sendHeld({ isRisky: false })
      this.#held.admits(model, statement)
    }
    this.#levels.hold(statement)
  }

  async #run(text: string): Promise<void> {
    await this.#guarded(() => this.#session.run(text))
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    this.#requireWhole()
    await this.#sendHeld({ isRisky: false })
    return this.#watched(work)
  }

  async #sendHeld(how: { readonly isRisky: boolean }): Promise<void> {
    const { model } = this.#held
    const held = this.#takeHeld(how)
    if (held.length === 0) return
    try {
      await this.#watched(() => runTogether(this.#session, held), model)
    } catch (error) {
      // whoever asked for it has gone on already
      this.#failed ??= error
      throw error
    }
  }

  #takeHeld(how: { readonly isRisky: boolean }): readonly Sql[] {
    this.#held.clear()
    return this.#levels
      .take(how)
      .flatMap((due) => ('savepoint' in due ? [{ sql: `savepoint ${due.savepoint}`, parameters: [] }] : due.writes))
  }

  async #watched<T>(work: () => Promise<T>, model?: Model): Promise<T> {
    this.#requireWhole()
    this.#atWork++
    try {
      return await work()
    } catch (cause) {
      const error = asConflict(model === undefined ? cause : translateWrite(cause, model))
      // the server may have undone all of it, and what came now would be committed by itself
      if (mayPass(error) || !undoesStatementOnly(cause)) this.#failed = error
      throw error
    } finally {
      this.#atWork--
    }
  }

  #requireWhole(): void {
    if (!this.#isOpen) throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot go on in a transaction that has ended')
    if (this.#failed !== undefined) throw this.#failed
  }
}
