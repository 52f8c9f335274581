import { milliseconds } from '../kit/measures.ts'

/** How long an answer may be kept; durations like `5m`, or milliseconds. */
export interface CacheOptions {
  readonly maxAge: number | string
  /** True lets caches between here and the caller keep it for everybody; only the caller may unless told. */
  readonly public?: boolean
  /** How long after that caches may go on giving it while they ask anew (RFC 5861). */
  readonly staleWhileRevalidate?: number | string
  /** It never changes: browsers do not ask again even on reload (RFC 8246). */
  readonly immutable?: boolean
}

/** A Cache-Control value.
 * @example cacheControl({ maxAge: '1h', public: true }) // 'public, max-age=3600' */
export function cacheControl(options: CacheOptions | 'never'): string {
  if (options === 'never') return 'no-store'
  const { maxAge, public: isPublic = false, staleWhileRevalidate, immutable = false } = options
  const parts = [isPublic ? 'public' : 'private', `max-age=${seconds(maxAge)}`]
  if (staleWhileRevalidate !== undefined) parts.push(`stale-while-revalidate=${seconds(staleWhileRevalidate)}`)
  if (immutable) parts.push('immutable')
  return parts.join(', ')
}

function seconds(duration: number | string): number {
  return Math.floor(milliseconds(duration) / 1000)
}
