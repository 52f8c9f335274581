import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { BeginOptions, Raw, RawStatement, Reader, Select, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { Dialect, Sql, SqlRow } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'
import type { Session } from './connection.ts'
import { asConflict, mayPass, translateWrite, undoesStatementOnly } from './failure.ts'
import { appendEntry, trimLog } from './log.ts'
import { rawOn } from './raw.ts'
import { DeferredReferences } from './references.ts'
import type { Server } from './server.ts'

type Run = (statement: Sql) => Promise<SqlRow[]>

/** Reads over whatever runs statements. */
export class MysqlReader implements Reader {
  readonly #run: Run
  readonly #statements: Statements
  readonly raw: NonNullable<Reader['raw']>

  constructor(run: Run, statements: Statements, raw: NonNullable<Reader['raw']>) {
    this.#run = run
    this.#statements = statements
    this.raw = raw
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
}

/** A transaction, begun by `beginOn`, on a connection of its own. */
export class MysqlTransaction implements Transaction {
  readonly #server: Server
  readonly #session: Session
  readonly #statements: Statements
  readonly #reader: MysqlReader
  readonly #references: DeferredReferences
  #isOpen = true
  #depth = 0
  #trim: { readonly kept: number; readonly before: number } | undefined
  /** What makes COMMIT impossible, though somebody may have caught it. */
  #failed: unknown
  #atWork = 0
  #cancelling: Promise<void> | undefined

  constructor({ server, session, statements, dialect }: TransactionParts) {
    this.#server = server
    this.#session = session
    this.#statements = statements
    this.#references = new DeferredReferences(dialect)
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
  }

  async update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#write(model, this.#statements.update(model, id, values))
  }

  async delete(model: Model, ids: readonly string[]): Promise<void> {
    await this.#guarded(() => this.#references.delete(this.#session, model, ids, this.#statements.delete(model, ids)))
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    const name = `s${++this.#depth}`
    await this.#run(`savepoint ${name}`)
    try {
      const result = await work()
      await this.#run(`release savepoint ${name}`)
      return result
    } catch (error) {
      if (this.#isOpen && this.#failed === undefined) {
        await this.#run(`rollback to savepoint ${name}; release savepoint ${name}`)
      }
      throw error
    } finally {
      this.#depth--
    }
  }

  appendChanges(at: number, changes: string): Promise<number> {
    return this.#guarded(() => appendEntry(this.#session, at, changes))
  }

  async trimChanges(kept: number, before: number): Promise<void> {
    this.#trim = { kept, before }
  }

  async cancel(): Promise<void> {
    if (this.#atWork === 0 || !this.#isOpen) return
    this.#cancelling ??= this.#server.cancel(this.#session)
    await this.#cancelling
  }

  async commit(): Promise<void> {
    await this.#cancelling
    await this.#guarded(() => this.#references.check(this.#session))
    await this.#run('commit')
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

  async #write(model: Model, statement: Sql): Promise<void> {
    await this.#guarded(
      () => this.#session.write(statement),
      (error) => translateWrite(error, model),
    )
  }

  async #run(text: string): Promise<void> {
    await this.#guarded(() => this.#session.run(text))
  }

  async #guarded<T>(work: () => Promise<T>, translated = (error: unknown) => error): Promise<T> {
    if (!this.#isOpen) throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot go on in a transaction that has ended')
    if (this.#failed !== undefined) throw this.#failed
    this.#atWork++
    try {
      return await work()
    } catch (cause) {
      const error = asConflict(translated(cause))
      // the server may have undone all of it, and what came now would be committed by itself
      if (mayPass(error) || !undoesStatementOnly(cause)) this.#failed = error
      throw error
    } finally {
      this.#atWork--
    }
  }
}
