import type { Change, Database } from '../../data/index.ts'
import { add } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import { type ChannelDb, channelDb } from './models.ts'

/** A message as it is kept. */
export interface KeptMessage {
  readonly channel: string
  /** One more than that of the message before it in its channel. */
  readonly number: number
  readonly id: string
  readonly at: Date
  readonly sender: string
  /** As it travels. */
  readonly body: string
}

export interface NewMessage {
  /** `chat` */
  readonly name: string
  readonly channel: string
  readonly sender: string
  /** Whether the sender is called the same on every socket, as users and the app are; a visitor is not. */
  readonly isNamed: boolean
  readonly key: string
  readonly body: string
}

export interface Retention {
  readonly keep: number
  readonly milliseconds: number
}

/** Messages are kept so long however many there are, so that one that is sent again is known. */
const knownFor = 600_000
const trimmedEvery = 32
const sweptAtOnce = 500

type MessageRow = Omit<KeptMessage, 'id'> & { readonly id: string }

/** The messages of all channels, in the app's database. */
export class MessageStore {
  readonly #database: Pick<Database, 'transactionAround'>
  readonly #db: ChannelDb
  readonly #clock: Clock

  constructor(database: Pick<Database, 'asSystem' | 'transactionAround'>, clock: Clock) {
    this.#database = database
    this.#db = channelDb(database.asSystem)
    this.#clock = clock
  }

  /** Keeps the message as the next of its channel, in the transaction that the caller's work is in, if it is in one; a message that
   * is kept already is not kept again. */
  async append(message: NewMessage, retention: Retention): Promise<void> {
    const around = this.#database.transactionAround()
    const keep = (db: ChannelDb) => this.#keep(db, message, retention)
    try {
      if (around === undefined) await this.#db.transaction(keep, { isolation: 'read committed' })
      else await channelDb(around).transaction(keep)
    } catch (error) {
      if (error !== alreadyKept) throw error
    }
  }

  /** The number of the last message; undefined where nothing was said, or nothing for long. */
  async last(channel: string): Promise<number | undefined> {
    return (await this.#db.tapri_channels.first({ where: { key: channel } }))?.last
  }

  /** The messages behind a number, in order. */
  async after(channel: string, number: number, { limit, milliseconds }: { limit: number; milliseconds: number }) {
    const at = { gt: new Date(this.#clock.now() - milliseconds) }
    const rows = await this.#db.tapri_messages.find({
      where: { channel, number: { gt: number }, at },
      orderBy: 'number',
      limit,
    })
    return rows.map(keptMessage)
  }

  /** Removes what is not to be kept any longer, some at a time, so that others can write in between. */
  async sweep(name: string, { keep, milliseconds }: Retention, since: number): Promise<void> {
    const now = this.#clock.now()
    const expired = new Date(now - milliseconds)
    for (let page = await this.#db.tapri_channels.page(this.#written(name, since)); ; ) {
      for (const { key, last } of page.rows) {
        await this.#remove({ channel: key, at: { lte: expired } })
        await this.#remove({ channel: key, number: { lte: last - keep }, at: { lte: new Date(now - knownFor) } })
      }
      if (page.next === null) break
      page = await this.#db.tapri_channels.page({ ...this.#written(name, since), after: page.next })
    }
    const gone = { name, at: { lte: expired } }
    for (let found = sweptAtOnce; found === sweptAtOnce; ) {
      const rows = await this.#db.tapri_channels.find({ where: gone, limit: sweptAtOnce })
      found = rows.length
      for (const { id, key } of rows) {
        await this.#remove({ channel: key, at: { lte: expired } })
        await this.#db.tapri_channels.deleteWhere({ id, at: { lte: expired } })
      }
    }
  }

  async #keep(db: ChannelDb, { name, channel, sender, isNamed, key, body }: NewMessage, { keep }: Retention): Promise<void> {
    const now = this.#clock.now()
    const at = new Date(now)
    // the lock of this row orders those who send here, and each sees what the ones before have kept. Numbers begin at a moment:
    // those of a channel that is made anew are never those of before
    const first = { key: channel, name, last: now, at }
    const { last } = await db.tapri_channels.upsert(first, { on: ['key'], update: { last: add(1), at } })
    const same = { channel, key, ...(isNamed && { sender }) }
    if ((await db.tapri_messages.count({ where: same })) > 0) throw alreadyKept
    await db.tapri_messages.create({ channel, sender, key, number: last, at, body })
    if (last % trimmedEvery === 0) await this.#trim(db, channel, last - keep)
  }

  #written(name: string, since: number) {
    return { where: { name, at: { gt: new Date(since) } }, orderBy: 'key', limit: sweptAtOnce } as const
  }

  async #remove(where: object): Promise<void> {
    for (let found = sweptAtOnce; found === sweptAtOnce; ) {
      const rows = await this.#db.tapri_messages.find({ where, limit: sweptAtOnce, select: { id: true } })
      found = rows.length
      if (found > 0) await this.#db.tapri_messages.deleteWhere({ id: { in: rows.map(({ id }) => id) } })
    }
  }

  async #trim(db: ChannelDb, channel: string, number: number): Promise<void> {
    const at = { lte: new Date(this.#clock.now() - knownFor) }
    const rows = await db.tapri_messages.find({
      where: { channel, number: { lte: number }, at },
      limit: 2 * trimmedEvery,
      select: { id: true },
    })
    if (rows.length > 0) await db.tapri_messages.deleteWhere({ id: { in: rows.map(({ id }) => id) } })
  }
}

const alreadyKept = new Error('The message is kept already')

/** The message that a change tells of. */
export function messageIn({ model, before, after }: Change): KeptMessage | undefined {
  if (model !== 'tapri_messages' || before !== null || after === null) return undefined
  const { id, channel, number, sender, at, body } = after
  return keptMessage({
    id,
    channel: String(channel),
    number: Number(number),
    sender: String(sender),
    at: at instanceof Date ? at : new Date(String(at)),
    body: String(body),
  })
}

function keptMessage({ id, channel, number, sender, at, body }: MessageRow): KeptMessage {
  return { id, channel, number, sender, at, body }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof TapriError && error.code === code
}
