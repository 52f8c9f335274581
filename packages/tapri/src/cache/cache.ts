import { setTimeout } from 'node:timers/promises'
import { milliseconds } from '../kit/measures.ts'
import type { Notices } from '../redis/index.ts'
import { checkTag, keptTags, nameOf } from './key.ts'
import type { CacheEntry, CacheStore, TagStamp } from './store.ts'
import type { Cache, CacheKey, CacheOptions, WrapOptions } from './types.ts'
import { decodeValue, encodeValue } from './value.ts'

interface Parts {
  readonly store: CacheStore
  readonly notices?: Notices | undefined
  /** Bytes of the largest value that is kept. */
  readonly largest?: number
}

/** How long one process may take to make a value before another one begins too. */
const claimTime = 10_000
/** How often those look who wait for another process. */
const lookEvery = 25

interface Plan {
  readonly name: string
  readonly fresh: number
  readonly freshNull: number
  readonly stale: number
  readonly tags: readonly string[]
}

interface Flight {
  readonly text: Promise<string | undefined>
  readonly tags: readonly string[]
}

/** A cache over a store. */
export class StoredCache implements Cache {
  readonly #store: CacheStore
  readonly #notices: Notices | undefined
  readonly #largest: number
  /** What is being looked for or made, by key: whoever asks meanwhile gets the same. */
  readonly #flights = new Map<string, Flight>()
  readonly #refreshes = new Set<string>()
  /** What is made now, to be told when its key was deleted meanwhile. */
  readonly #makings = new Set<{ readonly name: string; isDeleted: boolean }>()

  constructor({ store, notices, largest = 1024 ** 2 }: Parts) {
    this.#store = store
    this.#notices = notices
    this.#largest = largest
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
    this.#flights.delete(name)
    for (const making of this.#makings) making.isDeleted ||= making.name === name
    await this.#store.delete(name)
  }

  async wrap<T>(key: CacheKey, options: WrapOptions, make: () => Promise<T> | T): Promise<T> {
    const plan = planOf(key, options)
    let flight = this.#flights.get(plan.name)
    if (flight === undefined) {
      const begun = { text: this.#find(plan, make), tags: plan.tags }
      flight = begun
      this.#flights.set(plan.name, begun)
      const end = () => {
        if (this.#flights.get(plan.name) === begun) this.#flights.delete(plan.name)
      }
      begun.text.then(end, end)
    }
    return made<T>(await flight.text)
  }

  async invalidate({ tags }: { readonly tags: readonly string[] }): Promise<void> {
    for (const tag of tags) checkTag(tag)
    for (const [name, flight] of this.#flights) {
      // who asks from now on must not get what was begun before
      if (flight.tags.some((tag) => tags.includes(tag))) this.#flights.delete(name)
    }
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
    if (this.#refreshes.has(plan.name)) return
    this.#refreshes.add(plan.name)
    this.#refreshOnce(plan, make)
      .catch((error: unknown) => this.#notices?.event('cache.refresh.failed', { key: plan.name, error }, 'warn'))
      .finally(() => this.#refreshes.delete(plan.name))
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
