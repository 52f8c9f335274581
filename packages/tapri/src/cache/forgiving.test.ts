import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { cleanAfter, redisUrl, withoutRedis } from '../kit/redis.fixture.ts'
import { RedisConnections, redisError } from '../redis/index.ts'
import { ForgivingStore } from './forgiving.ts'
import { MemoryStore } from './stores/memory.ts'
import { RedisStore } from './stores/redis.ts'

const keep = { fresh: 60_000, stale: 0 }

test('a process that only writes pays what it owes when the store is back', async () => {
  const { store, mine, clock, away } = openForTest()
  await store.set('old', '1', { ...keep, stamp: await store.stamp(['kites'], 60_000) })
  await store.set('other', '2', { ...keep, stamp: await store.stamp([], 60_000) })
  away.is = true
  await mine.invalidate(['kites'])
  for (let second = 0; second < 5; second++) {
    clock.advance(1000)
    await settled()
  }
  assert.ok(away.tries > 5, 'it is tried again and again')
  away.is = false
  clock.advance(1000)
  await settled()
  assert.equal(await store.get('old'), undefined)
  assert.notEqual(await store.get('other'), undefined)
  const { tries } = away
  clock.advance(60_000)
  await settled()
  assert.equal(away.tries, tries, 'nothing is owed any more')
})

test('what could not be deleted is gone when the store is back', async () => {
  const { store, mine, clock, away } = openForTest()
  await store.set('old', '1', { ...keep, stamp: await store.stamp([], 60_000) })
  away.is = true
  await mine.delete('old')
  away.is = false
  clock.advance(1000)
  await settled()
  assert.equal(await store.get('old'), undefined)
})

test('a store that is closed tries no more', async () => {
  const { mine, clock, away } = openForTest()
  away.is = true
  await mine.invalidate(['kites'])
  mine.close()
  const { tries } = away
  clock.advance(60_000)
  await settled()
  assert.equal(away.tries, tries)
})

test('what is owed to a Redis is paid by the clock alone', { skip: withoutRedis }, async (t) => {
  const clock = manualClock()
  const redis = await redisForTest(t, clock)
  const away = { is: true, tries: 0 }
  const store = new RedisStore(redis, 'cache')
  await store.set('old', '1', { ...keep, stamp: await store.stamp(['kites'], 60_000) })
  const mine = new ForgivingStore(leaving(store, away), { clock })
  await mine.invalidate(['kites'])
  assert.notEqual(await store.get('old'), undefined)
  away.is = false
  clock.advance(1000)
  while ((await store.get('old')) !== undefined) await new Promise(setImmediate)
})

async function redisForTest(t: TestContext, clock: ReturnType<typeof manualClock>) {
  const connections = new RedisConnections({ clock })
  const redis = await connections.open(redisUrl())
  cleanAfter(t, redis, connections)
  return redis
}

function openForTest() {
  const clock = manualClock()
  const store = new MemoryStore({ clock, size: 1024 ** 2 })
  const away = { is: false, tries: 0 }
  return { store, clock, away, mine: new ForgivingStore(leaving(store, away), { clock }) }
}

/** The store as it is seen by one whose connection is lost now and then. */
function leaving<T extends MemoryStore | RedisStore>(store: T, away: { is: boolean; tries: number }): T {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...given: unknown[]) => {
        away.tries++
        if (away.is) throw redisError('TAPRI_REDIS_LOST', 'Cannot reach the Redis')
        return method.apply(target, given)
      }
    },
  })
}

async function settled() {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}
