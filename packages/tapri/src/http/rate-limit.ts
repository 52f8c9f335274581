import { milliseconds } from '../kit/measures.ts'
import { senderOf } from './address.ts'
import { exchangeOf, type HttpContext } from './context.ts'
import { httpError } from './errors.ts'
import { middleware } from './kit.ts'
import type { Middleware, MiddlewareRun } from './types.ts'

export interface RateLimitOptions {
  /** So many requests at once … */
  readonly requests: number
  /** … and the same number again spread evenly over this time, like `1m`. */
  readonly per: number | string
  /** Whose requests are counted together; the signed-in user's, a visitor's by address (the /64 of an IPv6 one), unless told. */
  readonly by?: (context: HttpContext) => string
}

/**
 * Refuses whoever asks too often, with 429 and how long to wait. The requests of all routes that use one limit count
 * together; another one of the same numbers counts anew. Of a live subscription its beginning counts, and no later answer. Where
 * CACHE_URL names a Redis, all processes of the app count together; each for itself while it is away.
 * @example const careful = visitor.use(rateLimit({ requests: 20, per: '1m' }))
 */
export function rateLimit({ requests, per, by = callerOf }: RateLimitOptions): Middleware<{}> {
  const time = milliseconds(per)
  const policy = `"default";q=${requests};w=${Math.ceil(time / 1000)}`
  const run: MiddlewareRun = async function rateLimit(context: HttpContext, next) {
    const exchange = exchangeOf(context)
    // what others write must not use up what this caller may ask
    if (exchange.isAgain) return next()
    const limit = exchange.shared.limits.of(run, { tries: requests, per: time })
    const taken = limit.take(by(context))
    const wait = typeof taken === 'number' ? taken : await taken
    // https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
    context.reply.header('RateLimit-Policy', policy)
    if (wait === 0) return next()
    const seconds = Math.ceil(wait / 1000)
    throw httpError('TAPRI_HTTP_TOO_MANY', `Cannot answer so many requests: try again in ${seconds} seconds`, {
      facts: { retryAfter: seconds },
    })
  }
  limiting.add(run)
  return middleware(run)
}

const limiting = new WeakSet<MiddlewareRun>()

/** Whether a limit is among these: then what they run around may answer 429. */
export function isLimited(runs: readonly MiddlewareRun[]): boolean {
  return runs.some((run) => limiting.has(run))
}

function callerOf(context: HttpContext): string {
  const user: unknown = 'user' in context ? context.user : undefined
  const isKnown = typeof user === 'object' && user !== null && 'id' in user
  return isKnown ? `user ${String(user.id)}` : `sender ${senderOf(context.ip)}`
}
