import { checkTag, claimTime, keptTags } from '../cache/index.ts'
import type { Clock } from '../kit/clock.ts'
import { milliseconds } from '../kit/measures.ts'
import { exchangeOf, type HttpContext } from './context.ts'
import type { Exchange } from './exchange.ts'
import { middleware } from './kit.ts'
import { accountOf, isMaking, nameFor } from './response-cache-name.ts'
import { watch } from './response-cache-watch.ts'
import { decodeResponse, encodeResponse, type KeptResponse, keptHeaders, wholeAnswer } from './response-kept.ts'
import type { Middleware, MiddlewareRun } from './types.ts'
import type { WholeAnswer } from './whole.ts'

export interface ResponseCacheOptions {
  /** How long an answer is fresh, like `1m`. */
  readonly ttl: number | string
  /** How long after that it is still given, while it is made anew. */
  readonly staleWhileRevalidate?: number | string
  /** What answers are made from: they are gone when one of them is invalidated, by `cache.invalidate` or by a change to the
   * model (`videos`) or the row (`videos:7`) of that name. */
  readonly tags?: readonly string[] | ((context: HttpContext & { readonly params: any }) => readonly string[])
  /** Request headers that the handler may look at; each value has an answer of its own. */
  readonly vary?: readonly string[]
  /** `account` keeps an answer for each signed-in caller; the signed-in are not answered from the cache unless told. */
  readonly per?: 'account'
  /** What else answers depend on, like what middleware outside of this one has added. */
  readonly key?: (context: any) => string | readonly string[]
}

interface Plan {
  readonly fresh: number
  readonly stale: number
  readonly vary: readonly string[]
  readonly options: ResponseCacheOptions
}

/** Bytes of the largest answer that is kept. */
const largest = 1024 ** 2

/**
 * Keeps the answers of GET routes on the server, in memory or in the Redis that CACHE_URL names, and gives them again
 * without running what is inside of it. Kept are whole answers with status 200 that set no cookie, and only those whose
 * making looked at nothing of the request beside its host, path, query and the headers in `vary`. Callers who show a
 * credential are not answered from it, unless `per: 'account'`. `Cache-Status` (RFC 9211) says what it did.
 * @throws TAPRI_KIT_DURATION, TAPRI_CACHE_TAG
 * @example visitor.use(responseCache({ ttl: '1m', tags: ['videos'] })).get('/', ({ db }) => db.videos.find())
 */
export function responseCache(options: ResponseCacheOptions): Middleware<{}> {
  const { ttl, staleWhileRevalidate = 0, vary = [], tags } = options
  if (Array.isArray(tags)) for (const tag of tags) checkTag(tag)
  const names = vary.map((name) => name.toLowerCase())
  const plan: Plan = { fresh: milliseconds(ttl), stale: milliseconds(staleWhileRevalidate), vary: names, options }
  const run: MiddlewareRun = async function responseCache(context: HttpContext, next) {
    const exchange = exchangeOf(context)
    // a live query has to see every read
    if (!exchange.isRequest) return void (await next())
    if (isMaking(exchange, context, plan)) return void (await next())
    const account = accountOf(context, exchange, options)
    const { method } = exchange.request
    if (account === undefined || (method !== 'GET' && method !== 'HEAD')) {
      context.reply.header('Cache-Status', `Tapri; fwd=${account === undefined ? 'bypass; detail=credentials' : 'method'}`)
      return void (await next())
    }
    return new Lookup({ context, exchange, plan, account, next, ...nameFor(exchange, context, { plan, account }) }).answer()
  }
  return middleware(run)
}

interface LookupParts {
  readonly context: HttpContext
  readonly exchange: Exchange
  readonly plan: Plan
  readonly account: string
  readonly next: () => Promise<unknown>
  readonly url: string
  readonly name: string
}

/** One request on its way through the cache. */
class Lookup {
  readonly #parts: LookupParts
  readonly #name: string
  /** The names that this request makes the answers of. */
  readonly #making: Set<string>

  constructor(parts: LookupParts) {
    this.#parts = parts
    this.#name = parts.name
    parts.exchange.making ??= new Set()
    this.#making = parts.exchange.making
  }

  async answer(): Promise<WholeAnswer | undefined> {
    const { store, flights } = this.#parts.exchange.shared.responses
    const entry = await store.get(this.#name)
    if (entry !== undefined) {
      if (entry.left <= 0) this.#refreshAfter()
      return this.#give(entry, `hit; ttl=${Math.floor(entry.left / 1000)}`)
    }
    const flight = flights.get(this.#name)
    if (flight === undefined) return this.#inFlight(() => this.#make())
    // two requests whose caches have each other's names would wait for one another for ever
    if (this.#making.size > 0) return this.#make()
    // whoever makes it may fail, may make what nobody else can have, or may never come to an end
    await endedWithin(flight, this.#parts.exchange.shared.time)
    const made = await store.get(this.#name)
    return made === undefined ? this.#make() : this.#give(made, 'fwd=miss; collapsed')
  }

  async #inFlight<T>(work: () => Promise<T>): Promise<T> {
    const { flights } = this.#parts.exchange.shared.responses
    const flight = work()
    flights.set(this.#name, flight)
    return flight.finally(() => flights.delete(this.#name))
  }

  #give(entry: { readonly text: string; readonly age: number }, status: string): WholeAnswer {
    const { reply } = this.#parts.context
    const { answer, headers } = decodeResponse(entry.text)
    for (let index = 0; index < headers.length; index += 2) reply.header(headers[index] ?? '', headers[index + 1] ?? '')
    reply.header('Age', String(Math.max(0, Math.floor(entry.age / 1000))))
    reply.header('Cache-Status', `Tapri; ${status}`)
    return answer
  }

  async #make(): Promise<WholeAnswer | undefined> {
    const { context } = this.#parts
    const { answer, why } = await this.#run()
    const detail = why === undefined ? 'stored' : `detail=${JSON.stringify(why)}`
    context.reply.header('Cache-Status', `Tapri; fwd=miss; ${detail}`)
    return answer
  }

  async #run(): Promise<{ readonly answer?: WholeAnswer; readonly why?: string }> {
    this.#making.add(this.#name)
    try {
      return await this.#runInside()
    } finally {
      this.#making.delete(this.#name)
    }
  }

  /** Runs what is inside, and keeps what may be kept; else says why not. */
  async #runInside(): Promise<{ readonly answer?: WholeAnswer; readonly why?: string }> {
    const { exchange, plan, context, next, url } = this.#parts
    const { options, vary, fresh, stale } = plan
    const { store } = exchange.shared.responses
    const { response } = exchange
    const given = typeof options.tags === 'function' ? options.tags(context) : (options.tags ?? [])
    const stamp = await store.stamp(keptTags(given), fresh + stale)
    const before = [...(exchange.headers ?? [])]
    const foreign = JSON.stringify(response.getHeaders())
    const alike = { headers: new Set(['host', ...vary]), url }
    const { value, difference } = await watch(exchange, { context, alike, next })
    if (difference !== undefined) return { why: `looked at ${difference}` }
    if (exchange.status !== 200) return { why: `status ${exchange.status}` }
    const answer = wholeAnswer(exchange, value)
    if (answer === undefined) return { why: 'not whole' }
    const headers = keptHeaders(exchange, before, { vary, isPersonal: this.#parts.account !== '' })
    if (headers === undefined || JSON.stringify(response.getHeaders()) !== foreign) return { answer, why: 'headers' }
    // a Vary of the handler's names no more than these
    if (vary.length > 0) context.reply.header('Vary', vary.join(', '))
    const why = await this.#keep({ answer, headers: varied(headers, vary) }, stamp)
    return why === undefined ? { answer } : { answer, why }
  }

  async #keep(kept: KeptResponse, stamp: Readonly<Record<string, string>> | undefined): Promise<string | undefined> {
    const { exchange, plan } = this.#parts
    const text = encodeResponse(kept)
    if (Buffer.byteLength(text) > largest) return 'too large'
    if (stamp === undefined) return 'the store is away'
    await exchange.shared.responses.store.set(this.#name, text, { fresh: plan.fresh, stale: plan.stale, stamp })
    return undefined
  }

  /** Makes it anew once this answer is out: what is inside may then set what it likes on it. */
  #refreshAfter(): void {
    const { exchange } = this.#parts
    const { flights } = exchange.shared.responses
    if (flights.has(this.#name)) return
    exchange.response.once('close', () => {
      // a caller who leaves early closes it while a cache outside of this one is still at work on the exchange
      if (flights.has(this.#name) || this.#making.size > 0 || exchange.shared.isDraining) return
      this.#inFlight(() => this.#refresh()).catch((error: unknown) =>
        exchange.shared.log.event('http.cache.refresh-failed', { route: exchange.route.served.name, error }, 'warn'),
      )
    })
  }

  async #refresh(): Promise<void> {
    const { exchange } = this.#parts
    const release = await exchange.shared.responses.store.claim(this.#name, claimTime)
    if (release === undefined) return
    exchange.headers = undefined
    exchange.status = 200
    exchange.signal = exchange.shared.stopping
    await this.#run().finally(release)
  }
}

/** Ends when the flight has, however that was, and after `claimTime` at the latest. */
function endedWithin(flight: Promise<unknown>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(claimTime, resolve)
    const end = () => {
      cancel()
      resolve()
    }
    flight.then(end, end)
  })
}

/** What the answer varies with, beside what its handler says. */
function varied(headers: readonly string[], vary: readonly string[]): readonly string[] {
  if (vary.length === 0) return headers
  const others = headers.filter((_, index) => (headers[index - (index % 2)] ?? '').toLowerCase() !== 'vary')
  return [...others, 'Vary', vary.join(', ')]
}
