import { type Cache, type OpenStores, openStores, StoredCache } from '../cache/index.ts'
import type { Change, Commit, Database } from '../data/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import { type Redis, RedisConnections } from '../redis/index.ts'

/** What CACHE_URL names, opened for one app. */
export interface AppStores {
  readonly stores: OpenStores
  readonly cache: Cache
  /** Where rate limits are counted for all processes; undefined in an app that keeps to memory. */
  readonly redis: Redis | undefined
  /** Those of the app to every Redis that it uses. */
  readonly connections: RedisConnections
  close(): Promise<void>
}

/** @throws TAPRI_CACHE_URL, TAPRI_REDIS_URL, TAPRI_REDIS_NO_SDK */
export async function openAppStores(
  url: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<AppStores> {
  const connections = new RedisConnections({ clock, notices: log })
  const stores = await openStores(url, { clock, redis: connections })
  return {
    stores,
    cache: new StoredCache({ store: stores.cache, notices: log, clock }),
    connections,
    redis: url.startsWith('redis') ? await connections.open(url) : undefined,
    close: () => {
      stores.close()
      return connections.close()
    },
  }
}

/** More rows than this of one model are told as all of them. */
const mostRows = 200

/**
 * Lets every change of a model invalidate what was kept with its name, or with that of the row, as a tag. For this process
 * that is done when the listener returns; a Redis is told then, and what others read until it has the command may be old.
 */
export function invalidateOnChange(
  database: Database,
  cache: Cache,
  { models, log }: { readonly models: object; readonly log: Log },
) {
  return database.changes.subscribe((commit) => {
    const tags = changedTags(commit, models)
    if (tags.length === 0) return
    cache.invalidate({ tags }).catch((error: unknown) => log.error('Cannot invalidate what has changed', { error }))
  })
}

/** Each model that has changed, and each of its rows: `videos`, `videos:7`. */
export function changedTags({ changes }: Commit, models: object): readonly string[] {
  const byModel = Map.groupBy(
    changes.filter(({ model }) => Object.hasOwn(models, model)),
    ({ model }) => model,
  )
  return [...byModel].flatMap(([model, changed]) => [model, ...rowTags(model, changed)])
}

function rowTags(model: string, changed: readonly Change[]): readonly string[] {
  // an empty id: anything in the model may have changed
  if (changed.length > mostRows || changed.some(({ id }) => id === '')) return [`${model}:*`]
  return changed.map(({ id }) => `${model}:${id}`)
}
