import { type Clock, systemClock } from '../kit/clock.ts'
import { bytes } from '../kit/measures.ts'
import { type Notices, RedisConnections } from '../redis/index.ts'
import { StoredCache } from './cache.ts'
import { cacheError } from './errors.ts'
import { ForgivingStore } from './forgiving.ts'
import type { CacheStore } from './store.ts'
import { MemoryStore } from './stores/memory.ts'
import { RedisStore } from './stores/redis.ts'
import type { Cache } from './types.ts'

export interface OpenStoreOptions {
  readonly clock?: Clock
  /** The app's connections; needed for Redis. */
  readonly redis: RedisConnections
}

/** What was opened by one URL. */
export interface OpenStores {
  /** Its failures are misses. */
  readonly cache: CacheStore
  /** Keeps sessions: its failures are told, and pages that are cached do not drive them out. */
  readonly sessions: CacheStore
  /** Keeps the answers to calls that may come again: its failures are told, and nothing else drives them out. */
  readonly answers: CacheStore
  /** Before the connections are closed. */
  close(): void
}

const usualSize = 64 * 1024 ** 2

/**
 * Opens stores by a URL: `memory:`, `memory:?size=128mb` or `redis://host:6379/0`.
 * @throws TAPRI_CACHE_URL, TAPRI_REDIS_URL, TAPRI_REDIS_NO_SDK
 * @example const { cache } = await openStores('memory:', { redis: new RedisConnections() })
 */
export async function openStores(url: string, { clock = systemClock, redis }: OpenStoreOptions): Promise<OpenStores> {
  if (/^rediss?:/.test(url)) {
    const opened = await redis.open(url)
    const cache = new ForgivingStore(new RedisStore(opened, 'cache'), { clock })
    const [sessions, answers] = [new RedisStore(opened, 'sessions'), new RedisStore(opened, 'answers')]
    return { cache, sessions, answers, close: () => cache.close() }
  }
  return memoryStores(clock, sizeOf(url))
}

/** Stores in this process, of so many bytes each. */
export function memoryStores(clock: Clock, size: number = usualSize): OpenStores {
  const store = () => new MemoryStore({ clock, size })
  return { cache: store(), sessions: store(), answers: store(), close: () => {} }
}

/** A cache of its own, beside every app. */
export interface OpenCache extends Cache {
  close(): Promise<void>
}

/**
 * Opens a cache by a URL; in an app it is there already, as `cache` in the context.
 * @throws TAPRI_CACHE_URL, TAPRI_REDIS_URL, TAPRI_REDIS_NO_SDK
 * @example const cache = await openCache('memory:?size=16mb'); await cache.set('kite', { color: 'red' }, { ttl: '5m' })
 */
export async function openCache(
  url: string,
  { clock = systemClock, notices }: { readonly clock?: Clock; readonly notices?: Notices } = {},
): Promise<OpenCache> {
  const redis = new RedisConnections({ clock, notices })
  const stores = await openStores(url, { clock, redis })
  const close = () => {
    stores.close()
    return redis.close()
  }
  return Object.assign(new StoredCache({ store: stores.cache, notices, clock }), { close })
}

/** @throws TAPRI_CACHE_URL */
function sizeOf(url: string): number {
  const [, query] = /^memory:(?:\?(.*))?$/.exec(url) ?? []
  const options = new URLSearchParams(query)
  const stranger = [...options.keys()].find((name) => name !== 'size')
  if (!url.startsWith('memory:') || (query === undefined && url !== 'memory:') || stranger !== undefined) {
    // the text may hold a password
    const shown = url.replace(/^([^/]*\/\/).*@/s, '$1')
    const form = 'it must be like "memory:", "memory:?size=128mb" or "redis://host:6379/0"'
    throw cacheError('TAPRI_CACHE_URL', `Cannot open the cache "${shown}": ${form}`)
  }
  return bytes(options.get('size') ?? usualSize)
}
