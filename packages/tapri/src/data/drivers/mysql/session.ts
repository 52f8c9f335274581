import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { BeginOptions, Raw, RawStatement, Select, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { Dialect, Sql } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'
import type { Session } from './connection.ts'
import { asConflict, mayPass, translateWrite, undoesStatementOnly } from './failure.ts'
import { HeldWrites, runTogether } from './held.ts'
import { commitEntry, trimLog } from './log.ts'
import { rawOn } from './raw.ts'
import { MysqlReader } from './reader.ts'
import { DeferredReferences } from './references.ts'
import type { Server } from './server.ts'
import type { WordsWrites } from './words.ts'

const levels = { row: 'read committed', serial: 'serializable' } as const

/** Begins; `alone` waits for everybody who has begun, and keeps others from beginning. */
export async function beginOn(session: Session, { isolation, alone }: BeginOptions): Promise<void> {
  const turn = `select id from tapri_turn where id = 1 ${alone ? 'for update' : 'lock in share mode'}`
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
  readonly keepsReferences: boolean
}

/** A transaction, begun by `beginOn`, on a connection of its own. */
export class MysqlTransaction implements Transaction {
  readonly keepsReferences: boolean
  readonly #server: Server
  readonly #session: Session
  readonly #statements: Statements
  readonly #reader: MysqlReader
  readonly #words: WordsWrites
  readonly #references: DeferredReferences
  #isOpen = true
  #depth = 0
  #held: HeldWrites | undefined
  #trim: { readonly kept: number; readonly before: number } | undefined
  /** What makes COMMIT impossible, though somebody may have caught it. */
  #failed: unknown
  #atWork = 0
  #cancelling: Promise<void> | undefined
  #isCommitting = false
  #isCommitted = false

  constructor({ server, session, statements, dialect, words, keepsReferences }: TransactionParts) {
    this.keepsReferences = keepsReferences
    this.#server = server
    this.#session = session
    this.#statements = statements
    this.#words = words
    this.#references = new DeferredReferences(dialect, words)
    const rows = (statement: Sql) => this.#guarded(() => session.rows(statement))
    this.#reader = new MysqlReader(rows, statements, (work) => this.#rawRead(work))
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

  raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return this.#reader.raw(work)
  }

  rawWrite<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return work(rawOn((statement) => this.#guarded(() => this.#session.raw(statement))))
  }

  async insert(model: Model, row: StoredRow): Promise<void> {
    await this.#write(model, this.#statements.insert(model, row))
    for (const statement of this.#words.inserted(model, row)) await this.#write(model, statement)
  }

  async update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#write(model, this.#statements.update(model, id, values))
    for (const statement of this.#words.updated(model, id, values)) await this.#write(model, statement)
  }

  async delete(model: Model, ids: readonly string[]): Promise<void> {
    await this.#guarded(() => this.#references.delete(this.#session, model, ids, this.#statements.delete(model, ids)))
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    const name = `s${++this.#depth}`
    const deleted = this.#references.count
    await this.#run(`savepoint ${name}`)
    try {
      // the next one of the same name takes its place
      return await work()
    } catch (error) {
      if (this.#isOpen && this.#failed === undefined) await this.#run(`rollback to savepoint ${name}`)
      this.#references.cut(deleted)
      throw error
    } finally {
      this.#depth--
    }
  }

  /** Commits with the entry. */
  async appendChanges(at: number, changes: string): Promise<number> {
    await this.#beginCommit()
    const held = this.#takeHeld()
    const position = await this.#watched(() => commitEntry(this.#session, held?.statements ?? [], at, changes), held?.model)
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

  /** By itself it may wait for what comes next; a savepoint goes back when it fails, and must hear of it in its time. */
  async #write(model: Model, statement: Sql): Promise<void> {
    this.#requireWhole()
    if (this.#depth > 0) return this.#guarded(() => this.#session.write(statement).then(() => {}), model)
    if (this.#held?.add(model, statement)) return
    await this.#sendHeld()
    this.#held = new HeldWrites(model)
    this.#held.add(model, statement)
  }

  async #run(text: string): Promise<void> {
    await this.#guarded(() => this.#session.run(text))
  }

  async #guarded<T>(work: () => Promise<T>, model?: Model): Promise<T> {
    this.#requireWhole()
    if (this.#held !== undefined) await this.#sendHeld()
    return this.#watched(work, model)
  }

  async #sendHeld(): Promise<void> {
    const held = this.#takeHeld()
    if (held === undefined) return
    try {
      await this.#watched(() => runTogether(this.#session, held.statements), held.model)
    } catch (error) {
      // whoever asked for it has gone on already
      this.#failed ??= error
      throw error
    }
  }

  #takeHeld(): HeldWrites | undefined {
    const held = this.#held
    this.#held = undefined
    return held
  }

  async #watched<T>(work: () => Promise<T>, model: Model | undefined): Promise<T> {
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
