import { setTimeout } from 'node:timers/promises'
import { type Clock, systemClock } from '../kit/clock.ts'
import { milliseconds } from '../kit/measures.ts'
import type { Notices } from '../redis/index.ts'
import { Flights } from './flights.ts'
import { checkTag, keptTags, nameOf } from './key.ts'
import { type CacheEntry, type CacheStore, claimTime, type TagStamp } from './store.ts'
import type { Cache, CacheKey, CacheOptions, WrapOptions } from './types.ts'
import { decodeValue, encodeValue } from './value.ts'

interface Parts {
  readonly store: CacheStore
  readonly notices?: Notices | undefined
  /** Tells who waits in this process when it was long enough. */
  readonly clock?: Clock
  /** Bytes of the largest value that is kept. */
  readonly largest?: number
}

/** How often those look who wait for another process. */
const lookEvery = 25

interface Plan {
  readonly name: string
  readonly fresh: number
  readonly freshNull: number
  readonly stale: number
  readonly tags: readonly string[]
}

/** A cache over a store. */
export class StoredCache implements Cache {
  readonly #store: CacheStore
  readonly #notices: Notices | undefined
  readonly #largest: number
  /** What is being looked for or made, by key: whoever asks meanwhile gets the same. */
  readonly #flights: Flights<string | undefined>
  readonly #clock: Clock
  /** When each was begun; what hangs is no reason to wait for ever. */
  readonly #refreshes = new Map<string, number>()
  /** What is made now, to be told when its key was deleted meanwhile. */
  readonly #makings = new Set<{ readonly name: string; isDeleted: boolean }>()

  constructor({ store, notices, largest = 1024 ** 2, clock = systemClock }: Parts) {
    this.#store = store
    this.#notices = notices
    this.#largest = largest
    this.#clock = clock
    this.#flights = new Flights(clock)
  }

  async get(key: CacheKey): Promise<unknown> {
    const entry = await this.#store.get(nameOf(key))
    return entry === undefined ? undefined : decodeValue(entry.text)
  }

  async set(key: CacheKey, value: unknown, options: CacheOptions): Promise<void> {
    const plan = planOf(key, options)
    const text = encodeValue(plan.name, value)
    if (text === undefined) return
    await this.#keep(plan, text, await this.#stamp(plan))
  }

  async delete(key: CacheKey): Promise<void> {
    const name = nameOf(key)
    this.#flights.forget(name)
    for (const making of this.#makings) making.isDeleted ||= making.name === name
    await this.#store.delete(name)
  }

  async wrap<T>(key: CacheKey, options: WrapOptions, make: () => Promise<T> | T): Promise<T> {
    const plan = planOf(key, options)
    const { name, tags } = plan
    return made<T>(await this.#flights.join({ name, tags, begin: () => this.#find(plan, make) }))
  }

  async invalidate({ tags }: { readonly tags: readonly string[] }): Promise<void> {
    for (const tag of tags) checkTag(tag)
    this.#flights.forgetTagged(tags)
    if (tags.length > 0) await this.#store.invalidate(tags)
  }

  async clear(): Promise<void> {
    this.#flights.clear()
    await this.#store.clear()
  }

  async #find(plan: Plan, make: () => unknown): Promise<string | undefined> {
    const entry = await this.#store.get(plan.name)
    if (entry === undefined) return this.#makeOnce(plan, make)
    if (entry.left <= 0) this.#refresh(plan, make)
    return entry.text
  }

  /** Makes it, unless another process does: then waits for that one, as long as it may take. */
  async #makeOnce(plan: Plan, make: () => unknown): Promise<string | undefined> {
    const deadline = performance.now() + claimTime
    for (;;) {
      const release = await this.#store.claim(plan.name, claimTime)
      const entry = await this.#entryMeanwhile(plan, release)
      if (entry !== undefined) return entry.text
      if (release !== undefined) return await this.#make(plan, make).finally(release)
      if (performance.now() >= deadline) return this.#make(plan, make)
      // by the machine's clock, as the process that is waited for works by it
      await setTimeout(lookEvery)
    }
  }

  /** Another process may have made it between our look and our claim. */
  async #entryMeanwhile(plan: Plan, release: (() => Promise<void>) | undefined): Promise<CacheEntry | undefined> {
    try {
      const entry = await this.#store.get(plan.name)
      if (entry !== undefined) await release?.()
      return entry
    } catch (error) {
      await release?.()
      throw error
    }
  }

  async #make(plan: Plan, make: () => unknown): Promise<string | undefined> {
    const making = { name: plan.name, isDeleted: false }
    this.#makings.add(making)
    try {
      const stamp = await this.#stamp(plan)
      const value = await make()
      const text = encodeValue(plan.name, value)
      if (text === undefined || making.isDeleted) return text
      await this.#keep(value === null ? { ...plan, fresh: plan.freshNull } : plan, text, stamp)
      return text
    } finally {
      this.#makings.delete(making)
    }
  }

  /** Makes it anew while the old one is given. */
  #refresh(plan: Plan, make: () => unknown): void {
    const begun = this.#clock.now()
    if (begun - (this.#refreshes.get(plan.name) ?? Number.NEGATIVE_INFINITY) < claimTime) return
    this.#refreshes.set(plan.name, begun)
    this.#refreshOnce(plan, make)
      .catch((error: unknown) => this.#notices?.event('cache.refresh.failed', { key: plan.name, error }, 'warn'))
      .finally(() => {
        if (this.#refreshes.get(plan.name) === begun) this.#refreshes.delete(plan.name)
      })
  }

  async #refreshOnce(plan: Plan, make: () => unknown): Promise<void> {
    const release = await this.#store.claim(plan.name, claimTime)
    if (release !== undefined) await this.#make(plan, make).finally(release)
  }

  #stamp({ tags, fresh, freshNull, stale }: Plan): Promise<TagStamp | undefined> {
    return this.#store.stamp(tags, Math.max(fresh, freshNull) + stale)
  }

  async #keep({ name, fresh, stale }: Plan, text: string, stamp: TagStamp | undefined): Promise<void> {
    if (stamp === undefined) return
    const size = Buffer.byteLength(text)
    if (size <= this.#largest) await this.#store.set(name, text, { fresh, stale, stamp })
    else this.#notices?.event('cache.value.too-large', { key: name, size, largest: this.#largest }, 'warn')
  }
}

/** @throws TAPRI_CACHE_TAG, TAPRI_KIT_DURATION */
function planOf(key: CacheKey, options: WrapOptions): Plan {
  const { ttl, staleWhileRevalidate = 0, negativeTtl = ttl, tags = [] } = options
  return {
    name: nameOf(key),
    fresh: milliseconds(ttl),
    freshNull: milliseconds(negativeTtl),
    stale: milliseconds(staleWhileRevalidate),
    tags: keptTags(tags),
  }
}

// The text was written from what `make` gave, or from what it gave under this key before.
function made<T>(text: string | undefined): T {
  return (text === undefined ? undefined : decodeValue(text)) as T
}

/** The same cache, bypassed by whoever asks it while that is so. */
export function bypassedWhile(isSo: () => boolean, cache: Cache): Cache {
  const past = bypassing(cache)
  const now = () => (isSo() ? past : cache)
  return {
    get: (key) => now().get(key),
    set: (key, value, options) => now().set(key, value, options),
    wrap: (key, options, make) => now().wrap(key, options, make),
    delete: (key) => cache.delete(key),
    invalidate: (what) => cache.invalidate(what),
    clear: () => cache.clear(),
  }
}

/** The same cache for work whose every read must be seen: nothing is taken from it, and nothing is kept. */
export function bypassing(cache: Cache): Cache {
  return {
    get: async () => undefined,
    set: async () => {},
    wrap: async (_key, _options, make) => make(),
    delete: (key) => cache.delete(key),
    invalidate: (what) => cache.invalidate(what),
    clear: () => cache.clear(),
  }
}
