import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CacheStore } from '../cache/index.ts'
import type { Clock } from '../kit/clock.ts'
import { newId } from '../kit/ids.ts'
import type { Log } from '../observe/index.ts'
import type { TrustProxy } from './address.ts'
import type { CompiledRoute } from './compile.ts'
import { type Head, type Heads, mergeHeads } from './heads.ts'
import type { Limits } from './limits.ts'
import type { Reply } from './reply.ts'
import type { SlowBodies } from './slow.ts'
import type { Views } from './views/views.ts'
import { writeHead } from './written.ts'

/** What all exchanges of one server share. */
export interface Shared {
  readonly heads: Heads
  /** Whether answers are compressed for those who accept it. */
  readonly compresses: boolean
  readonly log: Log
  readonly production: boolean
  /** Where the world reaches the app. */
  readonly publicUrl: string | undefined
  /** Hosts other than its own that a redirect may lead to. */
  readonly redirectHosts: ReadonlySet<string>
  /** Whose X-Forwarded-For is believed; 0 for nobody's. */
  readonly trustProxy: TrustProxy
  /** What cookies are signed with; the first signs, the others are still believed. */
  readonly secrets: readonly string[]
  /** Undefined in an app that has none. */
  readonly views: Views | undefined
  /** The counts of each rate limit of this server. */
  readonly limits: Limits
  /** Answers to calls that have a key, for who sends them again. */
  readonly answers: CacheStore
  /** What is remembered of callers, by the hash of a cookie. */
  readonly sessions: CacheStore
  /** Answers that are kept, and those that are being made. */
  readonly responses: { readonly store: CacheStore; readonly flights: Map<string, Promise<unknown>> }
  readonly clock: Clock
  /** What sessions go by. */
  readonly time: Clock
  readonly slow: SlowBodies
  /** True once the server stops: answers then close their connection. */
  isDraining: boolean
  /** Aborts then: answers that would go on for ever end. */
  readonly stopping: AbortSignal
}

/** One request and its answer, as they pass through the server. */
export class Exchange {
  /** As it came; a view of it while its answer is made for a cache. */
  request: IncomingMessage
  /** Always as it came. */
  readonly arrived: IncomingMessage
  readonly response: ServerResponse
  readonly shared: Shared
  readonly route: CompiledRoute
  /** The texts of the path's parameters. */
  readonly texts: readonly string[]
  /** The query without its `?`. */
  readonly search: string
  readonly flags: number
  params: unknown
  query: unknown
  body: unknown
  /** The body as it was before it was checked, of a request with an idempotency key. */
  given: unknown
  /** The body as it came, where the route declares none. */
  bytes: Uint8Array = noBytes
  /** Status and headers that the handler asked for; undefined headers are the fast way. */
  status: number
  headers: Head | undefined
  /** What handlers see of this exchange; there once the request is known to be one for a route. */
  context: object = noContext
  /** False for a call without a request of its own, whose answer is a value. */
  isRequest = true
  /** Such a call was made before for the same subscription: nobody asks, something has changed. */
  isAgain = false
  /** What was looked at that belongs to this caller alone, and is not in the request. */
  personal: string | undefined
  /** The names of the kept answers that are being made of it, by caches around one another. */
  making: Set<string> | undefined
  // Made when first asked for
  reply: Reply | undefined
  cookies: Readonly<Record<string, string>> | undefined
  signedCookies: Readonly<Record<string, string>> | undefined
  signal: AbortSignal | undefined
  #id: string | undefined

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    shared: Shared,
    route: CompiledRoute,
    texts: readonly string[],
    search: string,
    flags: number,
  ) {
    this.request = request
    this.arrived = request
    this.response = response
    this.shared = shared
    this.route = route
    this.texts = texts
    this.search = search
    this.flags = flags
    this.status = route.status
  }

  /** Writes the head with what the handler set, closing the connection once the server stops. */
  writeHead(head: Head): void {
    const { request, response, headers, shared } = this
    const merged = headers === undefined ? head : mergeHeads(head, headers)
    writeHead(
      response,
      this.status,
      shared.isDraining && request.httpVersionMajor === 1 ? [...merged, 'Connection', 'close'] : merged,
      headers,
    )
  }

  get id(): string {
    this.#id ??= newId()
    return this.#id
  }
}

const noBytes = new Uint8Array(0)
const noContext: object = Object.freeze({})
