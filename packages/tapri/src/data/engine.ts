import type { Clock } from '../kit/clock.ts'
import type { MediaFacts } from '../schema/index.ts'
import type { ReceiveFile } from './blobs.ts'
import type { Catalog, Column, Model } from './catalog.ts'
import { all, always, type Condition, notDeleted } from './condition.ts'
import type { Cursors } from './cursor.ts'
import type { Driver, Reader } from './driver.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import { readerUntil } from './leaving.ts'
import type { Action, Policies } from './policy.ts'
import type { ReadSet } from './read-set.ts'
import type { SystemUses } from './system-uses.ts'
import type { OpenTransaction } from './transaction.ts'
import type { View } from './where.ts'
import type { Writer } from './writer.ts'

/** What a `file` column stores. */
export interface FileFacts {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly size: number
  readonly key: string
  /** What else is known of a picture, a film or a recording. */
  readonly media?: Readonly<Record<string, unknown>>
}

/** Where a file is. */
export interface FilePlace {
  readonly model: string
  readonly row: string
  readonly field: string
  /** As the field declares it. */
  readonly media: MediaFacts | undefined
}

/** What is shown of a file in a row: at least a `StoredFile`. */
export type ShowFile = (place: FilePlace, file: FileFacts) => object

/** The parts of one open database. */
export interface Engine {
  readonly catalog: Catalog
  readonly driver: Driver
  readonly policies: Policies
  readonly cursors: Cursors
  readonly writer: Writer
  readonly clock: Clock
  readonly systemUses: SystemUses
  readonly showFile: ShowFile
  readonly receiveFile: ReceiveFile | undefined
  /** Tells of what went wrong where nobody waits for an answer. */
  fail(error: unknown): void
}

/** Puts another reader in the place of the database's own. */
export type Keeping = (own: Reader) => Reader

/** Work for when a transaction has been committed. */
export type AfterCommit = () => unknown

/** Who asks, and in which transaction; every table of one db shares it. */
export class Scope implements View {
  readonly engine: Engine
  readonly user: StoredRow | null
  /** Nobody in particular: no policy applies. */
  readonly everything: boolean
  readonly reads: ReadSet | undefined
  readonly readOnly: boolean
  readonly transaction: OpenTransaction | undefined
  readonly after: AfterCommit[] | undefined
  /** Aborts when nobody waits for the asker's answer any more. */
  readonly signal: AbortSignal | undefined
  /** Reads in the place of the database, where no transaction is around: live queries keep what they read. */
  readonly keeping: Keeping | undefined
  #leaving: Reader | undefined

  constructor(
    engine: Engine,
    user: StoredRow | null,
    everything: boolean,
    reads: ReadSet | undefined,
    readOnly: boolean,
    transaction?: OpenTransaction,
    after?: AfterCommit[],
    signal?: AbortSignal,
    keeping?: Keeping,
  ) {
    this.engine = engine
    this.user = user
    this.everything = everything
    this.reads = reads
    this.readOnly = readOnly
    this.transaction = transaction
    this.after = after
    this.signal = signal
    this.keeping = keeping
  }

  /** The same asker without policies, which is counted.
   * @throws TAPRI_DATA_REASON */
  asSystem(reason: unknown): Scope {
    this.engine.systemUses.count(reason, this.user?.id ?? null)
    const { engine, reads, readOnly, transaction, after, signal, keeping } = this
    return new Scope(engine, null, true, reads, readOnly, transaction, after, signal, keeping)
  }

  within(transaction: OpenTransaction, after?: AfterCommit[]): Scope {
    const { engine, user, everything, reads, readOnly } = this
    return new Scope(engine, user, everything, reads, readOnly, transaction, after, transaction.signal)
  }

  /** Which rows the asker may read, create … */
  allowed(model: Model, action: Action): Condition {
    return all([this.ruled(model, action), notDeleted(model)])
  }

  /** Which rows the policy opens to the asker, deleted or not. */
  ruled(model: Model, action: Action): Condition {
    if (this.everything) return always
    this.reads?.consult({ model, action })
    return this.engine.policies.condition(model, action, this)
  }

  /** In which rows the asker may read the field; elsewhere it is null to it. */
  opened(model: Model, column: Column): Condition {
    if (this.everything || !column.guarded) return always
    this.reads?.consult({ model, action: 'read', column })
    return this.engine.policies.field(model, column, 'read', this)
  }

  /** In which of the rows that it may write the asker may write the field. */
  writable(model: Model, column: Column): Condition {
    return this.everything ? always : this.engine.policies.field(model, column, 'write', this)
  }

  guard(target: Model): Condition {
    return this.allowed(target, 'read')
  }

  reader(): Reader {
    this.requireOwn()
    if (this.transaction !== undefined) return this.transaction.session
    const own = this.#ownReader()
    return this.keeping === undefined ? own : this.keeping(own)
  }

  /** What was read are rows that match, and of these the columns; all of them unless told. */
  remember(model: Model, condition: Condition, columns?: ReadonlySet<string>): void {
    const isKept = this.keeping !== undefined && this.transaction === undefined
    this.reads?.add({ model: model.name, condition, ...(columns !== undefined && { columns }) }, isKept)
  }

  /** One write of the asker: in the transaction it is in, or in one of its own, which may run `work` again. */
  write<T>(work: (transaction: OpenTransaction) => Promise<T>, row?: string): Promise<T> {
    this.requireWritable()
    const { transaction, engine, signal } = this
    if (transaction !== undefined) return transaction.step(() => work(transaction))
    return engine.writer.write(work, { ...(row !== undefined && { row }), signal })
  }

  requireWritable(): void {
    if (this.readOnly) throw dataError('TAPRI_DATA_READ_ONLY', 'Cannot write here: a GET only reads, use another method')
    this.requireOwn()
  }

  #ownReader(): Reader {
    const { driver, writer } = this.engine
    const signal = writer.heeded(this.signal)
    if (signal === undefined) return driver.reader
    this.#leaving ??= readerUntil(driver.reader, signal)
    return this.#leaving
  }

  /** Before each statement: that this db may be used here, and that somebody still waits for it. */
  requireOwn(): void {
    this.engine.writer.requireOwn(this.transaction, this.signal)
  }
}
