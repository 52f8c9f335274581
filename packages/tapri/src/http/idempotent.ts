import { hash } from 'node:crypto'
import type { CacheStore, Release } from '../cache/index.ts'
import { TapriError } from '../kit/errors.ts'
import { decodeWire } from '../kit/wire.ts'
import { exchangeOf, type HttpContext } from './context.ts'
import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { hasKey, wantsWire } from './guard.ts'
import { headerOf } from './heads.ts'
import { decodeOutcome, encodeOutcome, headersSince, type Outcome, outcomeOf, refusalOf } from './idempotent-kept.ts'
import type { Handler, ServedRoute } from './types.ts'

/** Milliseconds for which the answer to a key is remembered. */
const remembered = 24 * 3_600_000
/** The same call, sent again, is not begun for so long while nobody knows what became of the first. */
const longestCall = 300_000
/** Bytes of the largest answer that is remembered. */
const largest = 1024 ** 2
const longestKey = 255

/**
 * Does what a key names once (draft-ietf-httpapi-idempotency-key-header): a request with an `Idempotency-Key` that was
 * answered is answered the same again, without running the route. A request without one runs as it is.
 */
export function onceForKey({ method, spec }: ServedRoute, run: Handler): Handler {
  const { idempotencyKey } = spec
  if (method === 'get' || idempotencyKey === 'ignored') return run
  return (context: HttpContext) => {
    const exchange = exchangeOf(context)
    if ((exchange.flags & hasKey) !== 0) return new KeyedCall(exchange, context, run).answer()
    if (idempotencyKey !== 'required') return run(context)
    throw httpError('TAPRI_HTTP_KEY', 'Cannot do this without an Idempotency-Key: send one, new for each call, like a UUID')
  }
}

/** One request with a key. */
class KeyedCall {
  readonly #exchange: Exchange
  readonly #context: HttpContext
  readonly #run: Handler
  readonly #store: CacheStore
  readonly #name: string
  readonly #fingerprint: string

  constructor(exchange: Exchange, context: HttpContext, run: Handler) {
    this.#exchange = exchange
    this.#context = context
    this.#run = run
    this.#store = exchange.shared.answers
    this.#name = `${callerName(context)} ${digest(keyOf(exchange))}`
    this.#fingerprint = fingerprint(exchange)
  }

  async answer(): Promise<unknown> {
    const known = await this.#store.get(this.#name)
    if (known !== undefined) return this.#again(known.text)
    const release = await this.#store.claim(this.#name, longestCall)
    if (release === undefined) throw busy()
    try {
      // its twin may have ended between our look and our claim
      const done = await this.#store.get(this.#name)
      return done === undefined ? await this.#first() : this.#again(done.text)
    } finally {
      await this.#end(release)
    }
  }

  async #first(): Promise<unknown> {
    const exchange = this.#exchange
    const before = [...(exchange.headers ?? [])]
    try {
      const value = await this.#run(this.#context)
      const { outcome, answer } = outcomeOf(exchange, value, headersSince(exchange, before))
      await this.#keep(outcome)
      return answer
    } catch (error) {
      if (this.#isFinal(error)) await this.#keep({ kind: 'refusal', ...refusalOf(error) })
      throw error
    }
  }

  /** A failure that may pass, and left nothing behind, may be tried again under its key. */
  #isFinal(error: unknown): boolean {
    const { headers, response } = this.#exchange
    if (headers !== undefined && headerOf(headers, 'tapri-token') !== undefined) return true
    return error instanceof TapriError && error.status < 500 && error.status !== 429 && !response.destroyed
  }

  /** What was done is done: an answer that cannot be remembered is given all the same. */
  async #keep(outcome: Outcome): Promise<void> {
    const { log } = this.#exchange.shared
    try {
      const text = encodeOutcome(this.#fingerprint, outcome)
      const kept = Buffer.byteLength(text) <= largest ? text : encodeOutcome(this.#fingerprint, { kind: 'gone' })
      await this.#store.set(this.#name, kept, { fresh: remembered, stale: 0, stamp: {} })
    } catch (error) {
      log.error('Cannot remember the answer to an idempotency key', { route: this.#exchange.route.served.name, error })
    }
  }

  async #end(release: Release): Promise<void> {
    try {
      await release()
    } catch (error) {
      // it ends by itself
      this.#exchange.shared.log.error('Cannot give back an idempotency key', { error })
    }
  }

  #again(text: string): unknown {
    const { fingerprint, outcome } = decodeOutcome(text)
    if (fingerprint !== this.#fingerprint) {
      throw httpError('TAPRI_HTTP_KEY_USED', 'Cannot use this Idempotency-Key again: it was used for another call')
    }
    if (outcome.kind === 'refusal') throw new TapriError(outcome.code, outcome.message, outcome.options)
    if (outcome.kind === 'gone') {
      throw httpError('TAPRI_HTTP_KEY_DONE', 'Cannot answer this call again: it is done, and its answer was not one to be kept')
    }
    const exchange = this.#exchange
    const { reply } = this.#context
    exchange.status = outcome.status
    for (let index = 0; index < outcome.headers.length; index += 2) {
      reply.header(outcome.headers[index] ?? '', outcome.headers[index + 1] ?? '')
    }
    if (outcome.answer?.kind === 'wire' && (exchange.flags & wantsWire) === 0) return decodeWire(String(outcome.answer.body))
    return outcome.answer
  }
}

const quotedForm = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/
const plainForm = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x7e]+$/

/** A string of RFC 9651 3.3.3; many senders leave its quotes out. */
function keyOf({ request }: Exchange): string {
  const text = String(request.headers['idempotency-key'] ?? '')
  const key = quotedForm.exec(text)?.[1]?.replace(/\\(.)/g, '$1') ?? plainForm.exec(text)?.[0]
  if (key !== undefined && key.length <= longestKey) return key
  const form = `it must be one text of at most ${longestKey} signs in double quotes`
  throw httpError('TAPRI_HTTP_KEY', `Cannot use the Idempotency-Key ${JSON.stringify(text.slice(0, longestKey))}: ${form}`)
}

/** Tells calls apart that have the same key by mistake. */
function fingerprint({ request, given, bytes }: Exchange): string {
  const sent = given === undefined ? bytes : JSON.stringify(given, withoutPlace)
  return digest(`${request.method} ${request.url} ${hash('sha256', sent, 'base64url')}`)
}

/** The same file, sent again, is kept in another place until the form is settled. */
function withoutPlace(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('key' in value) || !('size' in value) || !('name' in value)) return value
  return { name: value.name, size: value.size }
}

/** Whose keys are told apart: those of users. Visitors may come from another address when they try again. */
function callerName(context: HttpContext): string {
  const user: unknown = 'user' in context ? context.user : undefined
  return typeof user === 'object' && user !== null && 'id' in user ? `user ${String(user.id)}` : 'visitor'
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url')
}

function busy() {
  return httpError('TAPRI_HTTP_KEY_BUSY', 'Cannot answer yet: the call with this Idempotency-Key is at work, ask again', {
    facts: { retryAfter: 1 },
  })
}
