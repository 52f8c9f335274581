import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { cleanAfter, redisUrl, withoutRedis } from '../kit/redis.fixture.ts'
import { RedisConnections } from '../redis/index.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'
import { rateLimit } from './rate-limit.ts'

test('who asks too often is told how long to wait, and is served again after that', async (context) => {
  const clock = manualClock()
  const careful = visitor.use(rateLimit({ requests: 3, per: '1m' }))
  const { url } = await openForTest(
    context,
    {
      one: careful.get('/one', () => 1),
      two: careful.get('/two', () => 2),
      free: visitor.get('/free', () => 3),
    },
    { clock },
  )
  for (const path of ['one', 'two', 'one']) {
    const answer = await fetch(`${url}/${path}`)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('ratelimit-policy'), '"default";q=3;w=60')
  }
  const refused = await fetch(`${url}/two`)
  assert.equal(refused.status, 429)
  assert.equal(refused.headers.get('retry-after'), '20')
  assert.equal((await problemIn(refused)).code, 'TAPRI_HTTP_TOO_MANY')
  assert.equal((await fetch(`${url}/free`)).status, 200)
  clock.advance(20_000)
  assert.equal((await fetch(`${url}/one`)).status, 200)
  assert.equal((await fetch(`${url}/one`)).status, 429)
})

test('two processes of one app on one Redis share a limit; another limit of the same numbers counts for itself', {
  skip: withoutRedis,
}, async (context) => {
  const clock = manualClock()
  const redisAt = redisUrl()
  const open = async () => {
    const careful = visitor.use(rateLimit({ requests: 3, per: '1m' }))
    const other = visitor.use(rateLimit({ requests: 3, per: '1m' }))
    const routes = { one: careful.get('/one', () => 1), two: careful.get('/two', () => 2), other: other.get('/other', () => 3) }
    const connections = new RedisConnections({ clock })
    const redis = await connections.open(redisAt)
    const { url } = await openForTest(context, routes, { clock, redis })
    cleanAfter(context, redis, connections)
    return url
  }
  const urls = [await open(), await open()] as const
  const ask = async (index: 0 | 1, path: string) => (await fetch(`${urls[index]}/${path}`)).status
  assert.deepEqual([await ask(0, 'one'), await ask(1, 'two'), await ask(1, 'one')], [200, 200, 200])
  assert.deepEqual([await ask(0, 'two'), await ask(1, 'one')], [429, 429])
  assert.deepEqual([await ask(0, 'other'), await ask(1, 'other')], [200, 200])
  clock.advance(20_000)
  assert.deepEqual([await ask(1, 'one'), await ask(0, 'one')], [200, 429])
})

test('behind a proxy that is believed each sender counts alone; a header that nobody vouches for changes nothing', async (context) => {
  const careful = visitor.use(rateLimit({ requests: 1, per: '1m' }))
  const ask = async (url: string, from: string) => (await fetch(`${url}/one`, { headers: { 'X-Forwarded-For': from } })).status
  const routes = () => ({ one: careful.get('/one', ({ ip }) => ip) })
  const behind = await openForTest(context, routes(), { trustProxy: 1 })
  assert.equal(await ask(behind.url, '203.0.113.9'), 200)
  assert.equal(await ask(behind.url, '203.0.113.10'), 200)
  assert.equal(await ask(behind.url, '198.51.100.1, 203.0.113.9'), 429, 'only what the proxy itself wrote counts')
  const bare = await openForTest(context, routes())
  assert.equal(await ask(bare.url, '203.0.113.9'), 200)
  assert.equal(await ask(bare.url, '203.0.113.10'), 429)
})

test('proxies are believed by number or by address, from the nearest outwards', async (context) => {
  const tried = async (trustProxy: number | string[], header: string) => {
    const { url } = await openForTest(context, { ip: visitor.get('/ip', ({ ip }) => ip) }, { trustProxy })
    return (await fetch(`${url}/ip`, { headers: { 'X-Forwarded-For': header } })).text()
  }
  assert.equal(await tried(0, '203.0.113.9'), '127.0.0.1')
  assert.equal(await tried(2, '203.0.113.9, 10.0.0.1'), '203.0.113.9')
  assert.equal(await tried(9, '203.0.113.9, 10.0.0.1'), '203.0.113.9')
  assert.equal(await tried(['loopback', '10.0.0.0/8'], '198.51.100.7, 203.0.113.9, 10.0.0.1'), '203.0.113.9')
  assert.equal(await tried(['loopback', 'private'], '[2001:db8::7]:4711, 192.168.1.1'), '2001:db8::7')
  assert.equal(await tried(['10.0.0.1'], '203.0.113.9'), '127.0.0.1', 'the connection itself is not of a proxy')
  assert.equal(await tried(1, 'nonsense'), '127.0.0.1')
  await assert.rejects(tried(['everyone'], ''), { code: 'TAPRI_HTTP_PROXY' })
})
