import type { Column, Model } from '../../catalog.ts'
import { all, asksOthers, type Condition } from '../../condition.ts'
import type { Raw, Reader, Select } from '../../driver.ts'
import type { StoredRow } from '../../evaluate.ts'
import { groupsAmong } from '../../evaluate-groups.ts'
import type { Grouping } from '../../figures.ts'
import type { Codec } from './codec.ts'
import { mayPass, translate } from './failure.ts'
import { matching, type Stage } from './filter.ts'
import { groupDecoder, groupStages } from './groups.ts'
import { selectStages } from './select.ts'
import type { ClientSession, Document, Server, Stored } from './server.ts'

type Decoder = (document: Readonly<Record<string, unknown>>) => StoredRow
interface Bounds {
  readonly limit: number
  readonly signal: AbortSignal | undefined
}

const oneMoment = { readConcern: { level: 'snapshot' } } as const
const mostAtOnce = 10_001
const mostTries = 3

/** Reads what is committed, or what the transaction of a session sees. */
export class MongoReader implements Reader {
  readonly #server: Server
  readonly #codec: Codec
  readonly #session: ClientSession | undefined
  readonly #signal: AbortSignal | undefined
  readonly #decoders = new WeakMap<readonly Column[], Decoder>()

  constructor(server: Server, codec: Codec, session?: ClientSession, signal?: AbortSignal) {
    this.#server = server
    this.#codec = codec
    this.#session = session
    this.#signal = signal
  }

  async row(model: Model, id: string, signal?: AbortSignal): Promise<StoredRow | undefined> {
    const options = this.#options(signal)
    const document = await this.#run(() => this.#server.db.collection<Stored>(model.name).findOne({ _id: id }, options))
    return document === null ? undefined : this.#decoder(model.columns)(document)
  }

  async select(query: Select, signal?: AbortSignal): Promise<StoredRow[]> {
    const { model, condition, columns, limit, order } = query
    const conditions = [condition, ...order.flatMap(({ open }) => open ?? [])]
    const documents = await this.#rows(model, all(conditions), selectStages(this.#codec, query), { limit, signal })
    return documents.map(this.#decoder(columns))
  }

  async count(model: Model, condition: Condition, signal?: AbortSignal): Promise<number> {
    const stages = [...matching(this.#codec, condition), { $count: 'count' }]
    const [counted] = await this.#rows(model, condition, stages, { limit: 1, signal })
    // of no documents there is no count
    return Number(counted?.count ?? 0)
  }

  async groups(grouping: Grouping, signal?: AbortSignal): Promise<unknown[][]> {
    const { model, condition, by, limit } = grouping
    const documents = await this.#rows(model, condition, groupStages(this.#codec, grouping), { limit, signal })
    // nothing at all is one group here, and none to the server
    const isEmpty = documents.length === 0 && by.length === 0 && (await this.count(model, condition, signal)) === 0
    if (isEmpty) return groupsAmong([], grouping)
    return documents.map(groupDecoder(this.#codec, grouping))
  }

  async raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    try {
      return await work({ kind: 'mongodb', db: this.#server.db, session: this.#session })
    } catch (cause) {
      throw translate(cause)
    }
  }

  #rows(model: Model, condition: Condition, stages: readonly Stage[], { limit, signal }: Bounds): Promise<Document[]> {
    const { db } = this.#server
    const batchSize = Math.min(limit + 1, mostAtOnce)
    // what is read of several collections must be of one moment
    const isOfMany = this.#session === undefined && asksOthers(condition)
    const options = { ...this.#options(signal), batchSize, ...(isOfMany && oneMoment) }
    return this.#run(() =>
      db
        .collection<Stored>(model.name)
        .aggregate([...stages], options)
        .toArray(),
    )
  }

  /** The package hangs up when the signal aborts, and the server ends what nobody is connected to. */
  #options(signal: AbortSignal | undefined = this.#signal) {
    const options = { maxTimeMS: this.#server.longest, ...(signal && { signal }) }
    return this.#session === undefined ? options : { ...options, session: this.#session }
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (cause) {
        const error = translate(cause)
        // a snapshot may be refused while indexes are made; the next one is later
        if (this.#session !== undefined || attempt === mostTries || !mayPass(error)) throw error
      }
    }
  }

  #decoder(columns: readonly Column[]): Decoder {
    let decoder = this.#decoders.get(columns)
    if (decoder === undefined) {
      decoder = this.#codec.decoder(columns)
      this.#decoders.set(columns, decoder)
    }
    return decoder
  }
}
