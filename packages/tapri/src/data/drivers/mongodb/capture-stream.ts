import type { Clock } from '../../../kit/clock.ts'
import type { Outside, OutsidePart } from '../../capture/capture.ts'
import { Inbox } from '../../capture/inbox.ts'
import { Pile } from '../../capture/pile.ts'
import type { Model } from '../../catalog.ts'
import type { Raw } from '../../driver.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Codec } from './codec.ts'
import { codeOf, translate } from './failure.ts'
import { type ChangeStream, type Document, type Server, sessionOf } from './server.ts'

interface StreamOptions {
  readonly server: Server
  readonly codec: Codec
  readonly clock: Clock
  readonly models: readonly Model[]
  /** What may have changed unheard. */
  readonly unknown: Pile
  /** The token of the last part that is in the change log; empty when there is none. */
  readonly kept: string
  release(): Promise<void>
}

interface OpenTransaction {
  readonly key: string
  readonly pile: Pile
  isOurs: boolean
  /** Of its last event. */
  token: unknown
}

const logCollection = 'tapri_changes'
/** Milliseconds that the server waits for something to tell before it says that there is nothing. */
const awaited = 100
/** So often, in milliseconds, the place is written down when nothing was to be told: a token that is too old is worth nothing. */
const savedEvery = 60_000
/** https://www.mongodb.com/docs/manual/reference/error-codes/: the place is unknown there, or too long ago. */
const lostCodes: ReadonlySet<unknown> = new Set([136, 222, 260, 280, 286])

/** One change stream of the database from a place on. */
export class StreamOutside implements Outside {
  readonly #options: StreamOptions
  readonly #stream: ChangeStream
  readonly #models: ReadonlyMap<string, Model>
  readonly #inbox = new Inbox()
  #transaction: OpenTransaction | undefined
  #unknown: Pile | undefined
  #kept: string
  #savedAt: number
  #isClosed = false
  #pumping: Promise<void> = Promise.resolve()

  private constructor(options: StreamOptions, stream: ChangeStream) {
    this.#options = options
    this.#stream = stream
    this.#models = new Map(options.models.map((model) => [model.name, model]))
    this.#kept = options.kept
    this.#unknown = options.unknown
    this.#savedAt = options.clock.now()
  }

  static async open(options: StreamOptions): Promise<StreamOutside> {
    const { server, models, kept } = options
    const names = [...models.map(({ name }) => name), logCollection]
    const isLog = { $eq: ['$ns.coll', logCollection] }
    const pipeline = [
      { $match: { $or: [{ 'ns.coll': { $in: names } }, { operationType: { $in: ['dropDatabase', 'invalidate'] } }] } },
      // of the change log nothing but that it was written to is asked
      { $set: { fullDocument: { $cond: [isLog, '$$REMOVE', '$fullDocument'] } } },
    ]
    const stream = server.watch(pipeline, {
      fullDocument: 'whenAvailable',
      fullDocumentBeforeChange: 'whenAvailable',
      maxAwaitTimeMS: awaited,
      ...(kept !== '' && { resumeAfter: JSON.parse(kept) }),
    })
    const outside = new StreamOutside(options, stream)
    outside.#pumping = outside.#pump()
    return outside
  }

  next(): Promise<OutsidePart | undefined> {
    return this.#inbox.next()
  }

  async keep(raw: Raw, place: string): Promise<boolean> {
    const session = sessionOf(raw)
    if (session === undefined) return false
    const found = { _id: 'capture', place: this.#kept }
    const { matchedCount } = await this.#options.server.meta().updateOne(found, { $set: { place } }, { session })
    return matchedCount === 1
  }

  settled(place: string): void {
    this.#kept = place
    this.#savedAt = this.#options.clock.now()
    this.#inbox.settled()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#inbox.end()
    await this.#stream.close()
    await this.#pumping
    await this.#options.release()
  }

  async #pump(): Promise<void> {
    try {
      while (!this.#isClosed) {
        const event = await this.#stream.tryNext()
        if (event !== null) this.#hear(event)
        else this.#rest()
      }
    } catch (cause) {
      if (this.#isClosed) return
      if (lostCodes.has(codeOf(cause))) await this.#forget()
      this.#inbox.fail(translate(cause))
    }
  }

  /** Events of one transaction come one after another; those of our own have one of the change log among them. */
  #hear(event: Document): void {
    const key = event.lsid === undefined ? '' : `${JSON.stringify(event.lsid)} ${event.txnNumber}`
    if (key === '' || this.#transaction?.key !== key) this.#endTransaction()
    this.#transaction ??= { key, pile: new Pile(), isOurs: false, token: event._id }
    this.#transaction.token = event._id
    const collection = String(event.ns?.coll ?? '')
    if (collection === logCollection) this.#transaction.isOurs = true
    else this.#change(this.#transaction.pile, this.#models.get(collection), event)
    if (key === '') this.#endTransaction()
  }

  /** Where the server has not kept a document as it was, anything may have changed. */
  #change(pile: Pile, model: Model | undefined, event: Document): void {
    if (model === undefined) {
      for (const each of this.#models.values()) pile.touch(each)
      return
    }
    const before = this.#row(model, event.fullDocumentBeforeChange)
    const after = this.#row(model, event.fullDocument)
    const isInsert = event.operationType === 'insert' && after !== null
    const isDelete = event.operationType === 'delete' && before !== null
    const isChange = (event.operationType === 'update' || event.operationType === 'replace') && before !== null && after !== null
    if (isInsert) pile.add({ model, before: null, after })
    else if (isDelete) pile.add({ model, before, after: null })
    else if (isChange) pile.add({ model, before, after })
    else pile.touch(model)
  }

  #row(model: Model, document: unknown): StoredRow | null {
    if (typeof document !== 'object' || document === null) return null
    return this.#options.codec.decoder(model.columns)({ ...document })
  }

  #endTransaction(): void {
    const transaction = this.#transaction
    this.#transaction = undefined
    if (transaction !== undefined) this.#tell(transaction.isOurs ? new Pile() : transaction.pile, transaction.token)
  }

  /** Now there is nothing more to hear: the server's token is the newest there is. */
  #rest(): void {
    this.#endTransaction()
    const token = this.#stream.resumeToken
    const isDue = this.#options.clock.now() - this.#savedAt >= savedEvery && this.#inbox.isSettled
    if (isDue && JSON.stringify(token) !== this.#kept) this.#inbox.add(new Pile(), JSON.stringify(token))
    else this.#tell(new Pile(), token)
  }

  #tell(pile: Pile, token: unknown): void {
    this.#unknown?.join(pile)
    const told = this.#unknown ?? pile
    this.#unknown = undefined
    if (!told.isEmpty) this.#inbox.add(told, JSON.stringify(token))
  }

  /** The next stream begins where the server is then, and tells that anything may have changed. */
  async #forget(): Promise<void> {
    try {
      await this.#options.server.meta().updateOne({ _id: 'capture', place: this.#kept }, { $set: { place: '' } })
    } catch {
      // it is lost again the next time, and forgotten then
    }
  }
}
