import type { IncomingMessage } from 'node:http'
import { callerAddress } from './address.ts'
import { readCookies } from './cookies.ts'
import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { Reply } from './reply.ts'
import { disconnectSignal } from './signal.ts'
import { verifiedCookies } from './signed.ts'
import type { ServedRoute } from './types.ts'
import { webRequest } from './web-request.ts'

let exchanges: (context: object) => Exchange

/**
 * What a handler is given. Everything is made when first asked for: a request pays for what it uses.
 * @example class Context extends HttpContext { get user() { … } }
 */
export class HttpContext {
  readonly #exchange: Exchange

  static {
    exchanges = (context) => {
      if (#exchange in context) return context.#exchange
      throw httpError('TAPRI_HTTP_NEXT', 'Cannot run this middleware: it was called without the context of a request')
    }
  }

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  get request(): IncomingMessage {
    return this.#exchange.request
  }

  /** The request as web-standard code knows it. */
  get webRequest(): Request {
    const { request, response, bytes } = this.#exchange
    return webRequest(request, response, { bytes })
  }

  get route(): ServedRoute {
    return this.#exchange.route.served
  }

  /** The path's parameters, checked by the route's `params`; their texts where it has none. */
  get params(): unknown {
    const exchange = this.#exchange
    exchange.params ??= exchange.route.params(exchange.texts)
    return exchange.params
  }

  /** The checked query; empty where the route takes none. */
  get query(): unknown {
    return this.#exchange.query ?? noQuery
  }

  get body(): unknown {
    return this.#exchange.body
  }

  /** The body as it came, up to the server's limit, where the route declares none: what webhooks sign. */
  get bodyBytes(): Uint8Array {
    return this.#exchange.bytes
  }

  /** Status, headers and cookies of the answer, and answers that are not plain values. */
  get reply(): Reply {
    const exchange = this.#exchange
    exchange.reply ??= new Reply(exchange)
    return exchange.reply
  }

  get cookies(): Readonly<Record<string, string>> {
    const exchange = this.#exchange
    exchange.cookies ??= readCookies(exchange.request)
    return exchange.cookies
  }

  /** The signed cookies whose signature is right, by name; others are left out. */
  get signedCookies(): Readonly<Record<string, string>> {
    const exchange = this.#exchange
    exchange.signedCookies ??= verifiedCookies(this.cookies, exchange.shared.secrets)
    return exchange.signedCookies
  }

  /** Aborts when the caller leaves before the answer is out. */
  get signal(): AbortSignal {
    const exchange = this.#exchange
    exchange.signal ??= disconnectSignal(exchange.response)
    return exchange.signal
  }

  /** The address that the request comes from: that of the connection, unless a proxy that `trustProxy` names says another. */
  get ip(): string {
    return callerAddress(this.#exchange.request, this.#exchange.shared.trustProxy)
  }

  /** Names this request in the log and in problem documents. */
  get id(): string {
    return this.#exchange.id
  }
}

/** What a context stands for; for the adapters of other frameworks. */
export function exchangeOf(context: object): Exchange {
  return exchanges(context)
}

const noQuery: Readonly<Record<string, never>> = Object.freeze({})

/** Adds what a middleware gave to `next`, over getters of the same name. */
export function addToContext(context: object, adds: object): void {
  const values = asRecord(adds)
  const own = asRecord(context)
  for (const key in values) {
    // a plain assignment costs a fifth of a definition; it would be lost on a getter, or run a setter
    if (key in own && !Object.hasOwn(own, key)) define(own, key, values[key])
    else own[key] = values[key]
  }
}

function define(context: object, key: string, value: unknown): void {
  Object.defineProperty(context, key, { value, writable: true, enumerable: true, configurable: true })
}

// Any object can be read and written by names; reflection does the same at several times the cost.
function asRecord(object: object): Record<string, unknown> {
  return object as Record<string, unknown>
}
