import type { Clock } from '../kit/clock.ts'
import type { Redis } from '../redis/index.ts'
import { Limit, type LimitNumbers, type TryLimit } from './limit.ts'
import { RedisLimit } from './redis-limit.ts'
import type { MiddlewareRun, ServedRoute } from './types.ts'

export interface LimitsOptions {
  readonly clock: Clock
  /** Where counts are shared with other processes; each process has its own without one. */
  readonly redis?: Redis | undefined
  readonly use: readonly MiddlewareRun[]
  readonly routes: readonly ServedRoute[]
}

/** The rate limits of one server: two servers of one app in one process must not count together. */
export class Limits {
  readonly #clock: Clock
  readonly #redis: Redis | undefined
  readonly #names: ReadonlyMap<MiddlewareRun, string>
  readonly #limits = new Map<MiddlewareRun, TryLimit>()

  constructor({ clock, redis, use, routes }: LimitsOptions) {
    this.#clock = clock
    this.#redis = redis
    this.#names = namesOf(use, routes)
  }

  /** The limit that a middleware counts by. */
  of(run: MiddlewareRun, numbers: LimitNumbers): TryLimit {
    const known = this.#limits.get(run)
    if (known !== undefined) return known
    const [redis, name, clock] = [this.#redis, this.#names.get(run), this.#clock]
    // one that another middleware calls by hand has no place by which other processes know it
    const limit =
      redis === undefined || name === undefined
        ? new Limit({ ...numbers, clock })
        : new RedisLimit({ ...numbers, redis, name, clock })
    this.#limits.set(run, limit)
    return limit
  }
}

/** Middleware by its first place in the app, which is the same in every process of it. */
function namesOf(use: readonly MiddlewareRun[], routes: readonly ServedRoute[]): ReadonlyMap<MiddlewareRun, string> {
  const names = new Map<MiddlewareRun, string>()
  const places = [{ name: 'app', middleware: use }, ...routes]
  for (const { name, middleware } of places) {
    middleware.forEach((run, index) => {
      if (!names.has(run)) names.set(run, `${name}#${index}`)
    })
  }
  return names
}
