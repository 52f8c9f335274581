import type { Clock } from '../../../kit/clock.ts'
import type { Outside, OutsidePart } from '../../capture/capture.ts'
import { Inbox } from '../../capture/inbox.ts'
import { Pile } from '../../capture/pile.ts'
import type { Model } from '../../catalog.ts'
import type { Raw } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { reasonOf } from '../said.ts'
import { EventReader } from './capture-event.ts'
import type { CapturePlace } from './capture-place.ts'
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
  readonly place: CapturePlace
  /** What the place is. */
  readonly kept: string
  /** Has the collection keep documents as they were. */
  keepImages(model: Model): Promise<void>
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
/**
 * https://www.mongodb.com/docs/manual/reference/error-codes/: the place is unknown there or too long ago, or nothing after it can
 * be told, because an event with both images is larger than 16 MB.
 */
const lostCodes: ReadonlySet<unknown> = new Set([9, 136, 222, 260, 280, 286, 10334, 40647, 40648, 40649])

/** One change stream of the database from a place on. */
export class StreamOutside implements Outside {
  readonly #options: StreamOptions
  readonly #stream: ChangeStream
  readonly #reader: EventReader
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
    this.#reader = new EventReader(options.models, options.codec, (model) => options.keepImages(model))
    this.#kept = options.kept
    this.#unknown = options.unknown
    this.#savedAt = options.clock.now()
  }

  static open(options: StreamOptions): StreamOutside {
    const { server, models, kept } = options
    const names = [...models.map(({ name }) => name), logCollection]
    const isLog = { $eq: ['$ns.coll', logCollection] }
    const isWhole = { operationType: { $in: ['dropDatabase', 'invalidate'] } }
    const pipeline = [
      { $match: { $or: [{ 'ns.coll': { $in: names } }, { 'to.coll': { $in: names } }, isWhole] } },
      // of the change log nothing but that it was written to is asked
      { $set: { fullDocument: { $cond: [isLog, '$$REMOVE', '$fullDocument'] } } },
    ]
    const stream = server.watch(pipeline, {
      fullDocument: 'whenAvailable',
      fullDocumentBeforeChange: 'whenAvailable',
      maxAwaitTimeMS: awaited,
      // unlike `resumeAfter` it goes on after the end that a dropped database puts to a stream
      ...(kept !== '' && { startAfter: server.places.token(kept) }),
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
    return session !== undefined && this.#options.place.move(this.#kept, place, { session })
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
        else if (this.#stream.closed) throw ended()
        else this.#rest()
      }
    } catch (cause) {
      if (this.#isClosed) return
      this.#inbox.fail(lostCodes.has(codeOf(cause)) ? await this.#forget(cause) : translate(cause))
    }
  }

  /** Events of one transaction come one after another; those of our own have one of the change log among them. */
  #hear(event: Document): void {
    const key = event.lsid === undefined ? '' : `${JSON.stringify(event.lsid)} ${event.txnNumber}`
    if (key === '' || this.#transaction?.key !== key) this.#endTransaction()
    this.#transaction ??= { key, pile: new Pile(), isOurs: false, token: event._id }
    this.#transaction.token = event._id
    if (event.ns?.coll === logCollection) this.#transaction.isOurs = true
    else this.#reader.read(event, this.#transaction.pile)
    if (key === '') this.#endTransaction()
  }

  #endTransaction(): void {
    const transaction = this.#transaction
    this.#transaction = undefined
    if (transaction !== undefined) this.#tell(transaction.isOurs ? new Pile() : transaction.pile, transaction.token)
  }

  /** Now there is nothing more to hear: the server's token is the newest there is. */
  #rest(): void {
    this.#endTransaction()
    this.#tell(new Pile(), this.#stream.resumeToken)
  }

  #tell(pile: Pile, token: unknown): void {
    this.#unknown?.join(pile)
    const told = this.#unknown ?? pile
    this.#unknown = undefined
    const isDue = this.#options.clock.now() - this.#savedAt >= savedEvery && this.#inbox.isSettled
    if (told.isEmpty && !isDue) return
    const place = this.#options.server.places.text(token)
    if (!told.isEmpty || place !== this.#kept) this.#inbox.add(told, place)
  }

  /** The next stream begins where the server is then, and tells that anything may have changed. */
  async #forget(cause: unknown): Promise<unknown> {
    try {
      await this.#options.place.move(this.#kept, '')
    } catch {
      // it is lost again the next time, and forgotten then
    }
    const message = `Cannot hear all that others wrote to the database: ${reasonOf(cause)}; live answers are made anew`
    return dataError('TAPRI_DATA_CAPTURE', message, { cause })
  }
}

function ended() {
  return dataError(
    'TAPRI_DATA_UNREACHABLE',
    'Cannot hear what others write to the database: the server has ended its change stream',
  )
}
