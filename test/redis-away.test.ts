import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCache } from 'tapri/cache'
import { noticesForTest } from '../packages/tapri/src/kit/redis.fixture.ts'
import { RedisConnections } from '../packages/tapri/src/redis/index.ts'
import { findProgramOf, openServer } from '../scripts/services/server.ts'

function reasonNotInstalled(): string | false {
  try {
    findProgramOf('redis')
    return false
  } catch (error) {
    return `No Redis installed: ${error instanceof Error ? error.message : String(error)}`
  }
}
const skip = reasonNotInstalled()

test('a Redis that is away fails at once and is told of once; it is found again by itself', { skip }, async (t) => {
  await using server = await openServer('redis')
  const notices = noticesForTest()
  const connections = new RedisConnections({ notices })
  t.after(() => connections.close())
  const redis = await connections.open(server.url)
  await redis.command('SET', 'kite', 'red')
  await server.kill()
  for (let index = 0; index < 20; index++) {
    await assert.rejects(redis.command('GET', 'kite'), { code: 'TAPRI_REDIS_LOST', status: 503 })
  }
  assert.deepEqual(await redis.health(), { isUp: false })
  assert.equal(notices.told.filter((line) => line.startsWith('redis.lost')).length, 1)
  const found = notices.next('redis.found')
  await server.restart()
  await found
  assert.equal(await redis.command('GET', 'kite'), null)
  assert.equal(notices.told.length, 2)
})

test('while Redis is away the cache misses; what is invalidated meanwhile is gone when it is back', { skip }, async (t) => {
  await using server = await openServer('redis', { durable: true })
  const notices = noticesForTest()
  const cache = await openCache(server.url, { notices })
  t.after(() => cache.close())
  const options = { ttl: '1h', tags: ['kites'] }
  for (const key of ['tagged', 'deleted', 'other']) await cache.set(key, 'old', key === 'tagged' ? options : { ttl: '1h' })
  await server.kill()
  assert.equal(await cache.get('tagged'), undefined)
  assert.equal(await cache.wrap('tagged', options, () => 'made'), 'made')
  await cache.invalidate({ tags: ['kites'] })
  const found = notices.next('redis.found')
  await server.restart()
  await found
  assert.equal(await cache.get('tagged'), undefined)
  assert.equal(await cache.get('other'), 'old', 'what nobody has invalidated is there again')
  await server.kill()
  await cache.delete('deleted')
  const again = notices.next('redis.found')
  await server.restart()
  await again
  assert.equal(await cache.get('deleted'), undefined)
  assert.equal(notices.told.filter((line) => line.startsWith('redis.lost')).length, 2)
})
