import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Clock, manualClock } from '../kit/clock.ts'
import { cleanAfter, noticesForTest, redisUrl, withoutRedis } from '../kit/redis.fixture.ts'
import { type Notices, RedisConnections } from './connection.ts'
import { script } from './script.ts'

test('commands and scripts are answered, and keys carry the prefix of the URL', { skip: withoutRedis }, async (t) => {
  const redis = await redisForTest(t)
  await redis.command('SET', redis.key('kite'), 'red')
  const read = script("return redis.call('GET', KEYS[1])")
  assert.equal(await redis.run(read, [redis.key('kite')], []), 'red')
  assert.match(redis.key('kite'), /^test-.+:kite$/)
  assert.deepEqual(await redis.health(), { isUp: true })
})

test('a script that Redis has forgotten is sent again', { skip: withoutRedis }, async (t) => {
  const notices = noticesForTest()
  const redis = await redisForTest(t, { notices })
  const own = script(`return '${redis.key('own')}'`)
  assert.equal(await redis.run(own, [], []), redis.key('own'))
  assert.equal(await redis.run(own, [], []), redis.key('own'))
  assert.deepEqual(notices.told, [])
})

test('scripts go by the clock of Redis, or by the one that is driven', { skip: withoutRedis }, async (t) => {
  const tell = script('return tostring(now(ARGV[1]))')
  const clock = manualClock(1_000_000)
  const driven = await redisForTest(t, { clock })
  assert.equal(Number(await driven.run(tell, [], [driven.moment])), 1_000_000)
  const own = await redisForTest(t)
  assert.ok(Number(await own.run(tell, [], [own.moment])) > Date.UTC(2024, 0, 1))
})

test('one URL has one connection', { skip: withoutRedis }, async (t) => {
  const redis = await redisForTest(t)
  const connections = new RedisConnections()
  t.after(() => connections.close())
  const url = `${redis.shown}?prefix=${redis.key('')}`
  assert.equal(await connections.open(url), await connections.open(url))
})

test('what Redis refuses is told with its own words', { skip: withoutRedis }, async (t) => {
  const redis = await redisForTest(t)
  await redis.command('SET', redis.key('text'), 'red')
  await assert.rejects(redis.command('HGET', redis.key('text'), 'field'), { code: 'TAPRI_REDIS_REFUSED', message: /WRONGTYPE/ })
})

test('a Redis that still reads its data is not waited for', async (t) => {
  const reading = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const state = 'loading:1\r\nloading_eta_seconds:60'
      const names = [...String(bytes).matchAll(/\r\n(info|ping)\r\n/gi)].map(([, name]) => name?.toLowerCase())
      for (const name of names) socket.write(name === 'ping' ? '+PONG\r\n' : `$${state.length}\r\n${state}\r\n`)
      if (names.length === 0) socket.write('+OK\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(reading, 'listening')
  t.after(() => reading.close())
  const address = reading.address()
  assert.ok(address !== null && typeof address === 'object')
  const redis = await redisForTest(t, { url: `redis://127.0.0.1:${address.port}/0?connect_timeout=50ms` })
  for (let command = 0; command < 3; command++) await assert.rejects(redis.command('PING'), { code: 'TAPRI_REDIS_LOST' })
})

test('an app begins while Redis is away, and its password is in no message', async (t) => {
  const notices = noticesForTest()
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const address = closed.address()
  closed.close()
  await once(closed, 'close')
  assert.ok(address !== null && typeof address === 'object')
  const redis = await redisForTest(t, { url: `redis://ann:hunter2@127.0.0.1:${address.port}/0`, notices })
  await assert.rejects(
    redis.command('PING'),
    (error: Error) => /ECONNREFUSED/.test(error.message) && !/hunter2/.test(error.message),
  )
  assert.equal(notices.told.length, 1)
  assert.doesNotMatch(notices.told.join(), /hunter2/)
})

test('a Redis that takes commands and does not answer is given up and not waited for again', async (t) => {
  const silent = createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  assert.ok(address !== null && typeof address === 'object')
  const redis = await redisForTest(t, { url: `redis://127.0.0.1:${address.port}/0?command_timeout=50ms` })
  await assert.rejects(redis.command('PING'), { code: 'TAPRI_REDIS_LOST' })
  await redis.close()
  silent.close()
})

async function redisForTest(
  test: TestContext,
  { url = redisUrl(), ...options }: { readonly url?: string; readonly clock?: Clock; readonly notices?: Notices } = {},
) {
  const connections = new RedisConnections(options)
  const redis = await connections.open(url)
  cleanAfter(test, redis, connections)
  return redis
}
