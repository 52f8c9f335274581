import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { cleanAfter, noticesForTest, redisUrl, withoutRedis } from '../kit/redis.fixture.ts'
import { RedisConnections } from '../redis/index.ts'
import { bypassing, StoredCache } from './cache.ts'
import { cacheConformance } from './conformance.fixture.ts'
import { openCache, openStores } from './open.ts'
import { MemoryStore } from './stores/memory.ts'

cacheConformance('memory', {
  skip: false,
  open: async () => {
    const clock = manualClock()
    const store = new MemoryStore({ clock, size: 1024 ** 2 })
    return { one: store, other: store, clock }
  },
})

cacheConformance('Redis', {
  skip: withoutRedis,
  open: async (t) => {
    const clock = manualClock()
    const url = redisUrl()
    const open = async () => {
      const redis = new RedisConnections({ clock })
      cleanAfter(t, await redis.open(url), redis)
      return (await openStores(url, { clock, redis })).cache
    }
    return { one: await open(), other: await open(), clock }
  },
})

test('memory is bounded by bytes: what was not asked for the longest makes way', async () => {
  const store = new MemoryStore({ clock: manualClock(), size: 10_000 })
  const keep = { fresh: 60_000, stale: 0, stamp: await store.stamp([], 60_000) }
  for (let index = 0; index < 1000; index++) {
    await store.set(`key ${index}`, 'k'.repeat(700), keep)
    await store.get('key 0')
    assert.ok(store.bytes <= 10_000)
  }
  assert.ok((await store.get('key 0')) !== undefined)
  assert.ok((await store.get('key 999')) !== undefined)
  assert.equal(await store.get('key 500'), undefined)
  await store.set('key 0', 'k'.repeat(10_000), keep)
  assert.equal(await store.get('key 0'), undefined, 'what is larger than all of it is not kept, nor is what it replaces')
  await store.clear()
  assert.equal(store.bytes, 0)
})

test('memory remembers so many tags, and no value comes back by what it forgets', async () => {
  const store = new MemoryStore({ clock: manualClock(), size: 1024 ** 2 })
  const stamp = await store.stamp(['kites'], 60_000)
  await store.set('kites', 'old', { fresh: 60_000, stale: 0, stamp })
  await store.set('plain', 'kept', { fresh: 60_000, stale: 0, stamp: await store.stamp([], 60_000) })
  await store.invalidate(['kites'])
  for (let index = 0; index < 60; index++) {
    await store.stamp(
      Array.from({ length: 1000 }, (_, number) => `tag ${index} ${number}`),
      60_000,
    )
  }
  assert.equal(await store.get('kites'), undefined)
  await store.set('kites', 'old', { fresh: 60_000, stale: 0, stamp })
  assert.equal(await store.get('kites'), undefined)
  assert.notEqual(await store.get('plain'), undefined)
})

test('what was invalidated does not come back with a tag that was forgotten and is used again', async () => {
  const store = new MemoryStore({ clock: manualClock(), size: 1024 ** 2, mostTags: 3 })
  const keep = { fresh: 60_000, stale: 0 }
  await store.set('old', '1', { ...keep, stamp: await store.stamp(['kites'], 60_000) })
  await store.invalidate(['kites'])
  await store.stamp(['a', 'b', 'c'], 60_000)
  await store.set('new', '2', { ...keep, stamp: await store.stamp(['kites'], 60_000) })
  assert.equal(await store.get('old'), undefined)
  assert.equal((await store.get('new'))?.text, '2')
})

test('what is deleted while it is being replaced stays away', async () => {
  const store = new MemoryStore({ clock: manualClock(), size: 1024 ** 2 })
  const keep = { fresh: 60_000, stale: 0, stamp: await store.stamp([], 60_000) }
  await store.set('session', '1', keep)
  const replacing = store.set('session', '2', { ...keep, replaces: true })
  await store.delete('session')
  await replacing
  assert.equal(await store.get('session'), undefined)
})

test('a value that cannot be made anew stays until it is too old, and the failure is told', async () => {
  const clock = manualClock()
  const notices = noticesForTest()
  const cache = new StoredCache({ store: new MemoryStore({ clock, size: 1024 ** 2 }), notices })
  const options = { ttl: '1m', staleWhileRevalidate: '1h' }
  await cache.wrap('rates', options, () => 1)
  clock.advance(60_000)
  const failed = notices.next('cache.refresh.failed')
  const failing = () => {
    throw new Error('Nobody answers')
  }
  assert.equal(await cache.wrap('rates', options, failing), 1)
  await failed
  assert.equal(await cache.wrap('rates', options, () => 2), 1)
})

test('work whose reads must all be seen takes nothing from the cache', async () => {
  const cache = new StoredCache({ store: new MemoryStore({ clock: manualClock(), size: 1024 ** 2 }) })
  await cache.set('a', 'kept', { ttl: '1m' })
  assert.equal(await bypassing(cache).get('a'), undefined)
  assert.equal(await bypassing(cache).wrap('a', { ttl: '1m' }, () => 'made'), 'made')
  assert.equal(await cache.get('a'), 'kept')
  await bypassing(cache).delete('a')
  assert.equal(await cache.get('a'), undefined)
})

test('a cache is chosen by URL, and a wrong one is refused without its password', async () => {
  const cache = await openCache('memory:?size=1mb')
  await cache.set('a', 1, { ttl: '1m' })
  assert.equal(await cache.get('a'), 1)
  await cache.close()
  for (const url of ['memory', 'memory:x', 'memory:?color=red', 'disk:data', 'memcached://ann:hunter2@host']) {
    await assert.rejects(openCache(url), (error: Error & { code?: string }) => {
      return error.code === 'TAPRI_CACHE_URL' && !error.message.includes('hunter2')
    })
  }
  await assert.rejects(openCache('redis://host/x'), { code: 'TAPRI_REDIS_URL' })
  await assert.rejects(openCache('memory:?size=large'), { code: 'TAPRI_KIT_SIZE' })
})
