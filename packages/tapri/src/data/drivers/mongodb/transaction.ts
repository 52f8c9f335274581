import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Raw, Select, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { Codec } from './codec.ts'
import { translate, translateWrite } from './failure.ts'
import type { Frame } from './frame.ts'
import { MongoReader } from './reader.ts'
import type { ClientSession, Server, Stored } from './server.ts'
import { UndoLog } from './undo.ts'
import { UniqueKeys } from './unique.ts'
import { asTheyAre } from './writes.ts'

interface Options {
  readonly session: ClientSession
  readonly maxTimeMS: number
}

/** The one transaction that is at work. The server has no savepoints: what is written inside of one is remembered, and
 * so is what is written among others that share a transaction of the server. */
export class MongoTransaction implements Transaction {
  readonly isShared: boolean
  readonly #server: Server
  readonly #codec: Codec
  readonly #frame: Frame
  readonly #session: ClientSession
  readonly #reader: MongoReader
  readonly #undo: UndoLog
  readonly #unique: UniqueKeys
  #isOpen = true
  #hasWritten = false
  /** An error of the server ends its transaction, though somebody may have caught it. */
  #failed: unknown
  readonly #abort = new AbortController()
  #reads = 0

  constructor(server: Server, codec: Codec, frame: Frame) {
    this.isShared = frame.isShared
    this.#server = server
    this.#codec = codec
    this.#frame = frame
    this.#session = frame.session
    this.#reader = new MongoReader(server, codec, frame.session, this.#abort.signal)
    const { session, writes } = frame
    this.#undo = new UndoLog(frame.isShared ? 1 : 0, () => writes.settle())
    this.#unique = new UniqueKeys({ server, session, writes, send: () => this.#send() })
  }

  async row(model: Model, id: string): Promise<StoredRow | undefined> {
    this.#requireWhole()
    const { writes } = this.#frame
    const known = writes.known(model, id)
    if (known !== undefined) return known.row
    if (writes.holds(model, id)) await this.#send()
    const row = await this.#reading(() => this.#reader.row(model, id))
    writes.know(model, id, row)
    return row
  }

  /** Nobody else can write while it is open. */
  lock(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.row(model, id)
  }

  select(query: Select): Promise<StoredRow[]> {
    return this.#read(() => this.#reader.select(query))
  }

  count(model: Model, condition: Condition): Promise<number> {
    return this.#read(() => this.#reader.count(model, condition))
  }

  groups(grouping: Grouping): Promise<unknown[][]> {
    return this.#read(() => this.#reader.groups(grouping))
  }

  raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return this.#read(() => this.#reader.raw(work))
  }

  async insert(model: Model, row: StoredRow): Promise<void> {
    await this.#write(model, async () => {
      const document: Stored = { ...this.#codec.fields(model, row), _id: row.id }
      if (this.#undo.isKept) await this.#unique.requireUntaken(model, document)
      this.#undo.remember(this.#frame.writes.insert(model, document))
    })
  }

  async update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    const fields = this.#codec.fields(model, values)
    if (Object.keys(fields).length === 0) return
    await this.#write(model, async () => {
      if (this.#undo.isKept) await this.#unique.requireChangeable(model, id, fields)
      this.#undo.remember(this.#frame.writes.update(model, id, fields))
    })
  }

  async delete(model: Model, ids: readonly string[]): Promise<void> {
    await this.#write(model, async (options) => {
      await this.#send()
      this.#frame.writes.forget(model, ids)
      const which = { _id: { $in: [...ids] } }
      const written = this.#collection(model).find(which, { ...options, ...asTheyAre })
      const before = this.#undo.isKept ? await written.toArray() : []
      await this.#collection(model).deleteMany(which, options)
      if (before.length === 0) return
      this.#undo.remember(() => {
        this.#frame.writes.forget(model, ids)
        return this.#collection(model).insertMany(before, options)
      })
    })
  }

  async rawWrite<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    this.#requireWhole()
    this.#hasWritten = true
    await this.#send()
    // what it writes is not known, so a savepoint around it cannot go back
    this.#undo.remember(() => this.#failBecause(unknownWrites()))
    try {
      return await work({ kind: 'mongodb', db: this.#server.db, session: this.#session })
    } catch (cause) {
      throw this.#failWith(translate(cause))
    } finally {
      this.#frame.writes.forgetAll()
    }
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.#requireWhole()
    const start = this.#undo.enter()
    try {
      return await work()
    } catch (error) {
      if (this.#isOpen && this.#failed === undefined) await this.#goBack(start)
      throw error
    } finally {
      this.#undo.leave()
    }
  }

  async appendChanges(at: number, changes: string): Promise<number> {
    this.#requireWhole()
    return this.#frame.append(at, changes)
  }

  async trimChanges(kept: number, before: number): Promise<void> {
    this.#frame.trim({ kept, before })
  }

  /** Only reads can take long: a write that meets another one fails at once. The server ends what nobody is connected to. */
  async cancel(): Promise<void> {
    if (this.#isOpen && this.#reads > 0) this.#abort.abort(givenUp())
  }

  async commit(): Promise<void> {
    this.#requireWhole()
    this.#isOpen = false
    this.#undo.settle()
    await this.#frame.commit(this.#hasWritten)
  }

  async rollback(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    const undone = this.#frame.rollback(this.#failed === undefined ? () => this.#goBack(0) : undefined)
    // what becomes of the others does not concern who has left
    await (this.#abort.signal.aborted ? undone.catch(() => {}) : undone)
  }

  #collection(model: Model) {
    return this.#server.db.collection<Stored>(model.name)
  }

  #options(): Options {
    return { session: this.#session, maxTimeMS: this.#server.longest }
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    this.#requireWhole()
    await this.#send()
    return this.#reading(work)
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    this.#reads++
    try {
      return await this.#watched(translate, work)
    } catch (error) {
      // the server may still be at the read that was given up
      throw this.#abort.signal.aborted ? this.#failWith(error) : error
    } finally {
      this.#reads--
    }
  }

  async #write(model: Model, work: (options: Options) => Promise<void>): Promise<void> {
    this.#requireWhole()
    this.#hasWritten = true
    await this.#watched(
      (cause) => translateWrite(cause, model),
      () => work(this.#options()),
    )
  }

  async #send(): Promise<void> {
    try {
      await this.#frame.writes.send()
    } catch (error) {
      throw this.#failWith(error)
    }
  }

  async #goBack(start: number): Promise<void> {
    await this.#watched(translate, () => this.#undo.goBack(start))
  }

  async #watched<T>(translated: (cause: unknown) => unknown, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      const error = translated(cause)
      // what was refused before the server was asked leaves its transaction whole
      throw error === cause ? error : this.#failWith(error)
    }
  }

  #failWith(error: unknown): unknown {
    this.#failed ??= error
    this.#frame.lose(error)
    return error
  }

  async #failBecause(error: unknown): Promise<never> {
    throw this.#failWith(error)
  }

  #requireWhole(): void {
    if (!this.#isOpen) throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot go on in a transaction that has ended')
    if (this.#failed !== undefined) throw this.#failed
  }
}

function givenUp() {
  return dataError('TAPRI_DATA_TIMEOUT', 'Cannot go on with a transaction that nobody waits for any more')
}

function unknownWrites() {
  const why = 'MongoDB cannot take back what was written in its own language before'
  return dataError('TAPRI_DATA_TRANSACTION', `Cannot go on in the transaction after an inner one has failed: ${why}`)
}
