import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type ManualClock, manualClock } from '../kit/clock.ts'
import { cleanAfter, redisUrl, withoutRedis } from '../kit/redis.fixture.ts'
import { RedisConnections } from '../redis/index.ts'
import { senderOf } from './address.ts'
import { Limit, type TryLimit } from './limit.ts'
import { RedisLimit } from './redis-limit.ts'

const window = 15 * 60_000

interface Place {
  /** Counters as two processes have them. */
  readonly limits: readonly [TryLimit, TryLimit]
  readonly clock: ManualClock
}
type Open = (test: TestContext, tries: number) => Promise<Place>

const memory: Open = async (_test, tries) => {
  const clock = manualClock()
  const limit = new Limit({ tries, per: window, clock })
  return { limits: [limit, limit], clock }
}
const redis: Open = async (t, tries) => {
  const clock = manualClock()
  const url = redisUrl()
  const open = async () => {
    const connections = new RedisConnections({ clock })
    const opened = await connections.open(url)
    cleanAfter(t, opened, connections)
    return new RedisLimit({ redis: opened, name: 'tries', tries, per: window, clock })
  }
  return { limits: [await open(), await open()], clock }
}

for (const { name, open, skip, runs } of [
  { name: 'memory', open: memory, skip: false, runs: 100 },
  { name: 'Redis', open: redis, skip: withoutRedis, runs: 5 },
]) {
  test(`in ${name} ten tries pass, the eleventh waits until one is paid back`, { skip }, async (t) => {
    const { limits, clock } = await open(t, 10)
    const [one, other] = limits
    for (let index = 0; index < 10; index++) assert.equal(await limits[index % 2]?.take('a'), 0)
    assert.equal(await one.take('a'), window / 10)
    assert.equal(await other.take('a'), window / 10, 'a refused try costs nothing')
    assert.equal(await one.take('b'), 0, 'another key has its own')
    clock.advance(window / 10)
    assert.equal(await other.take('a'), 0)
    assert.notEqual(await one.take('a'), 0)
  })

  test(`in ${name} no more pass in any stretch of time than the burst and what the stretch pays back`, { skip }, async (t) => {
    const { limits, clock } = await open(t, 10)
    let key = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 200 }), async (steps) => {
        const passed: number[] = []
        key++
        for (const [index, step] of steps.entries()) {
          clock.advance(step)
          if ((await limits[index % 2]?.take(`run ${key}`)) === 0) passed.push(clock.now())
        }
        for (const [first, start] of passed.entries()) {
          for (const [last, end] of passed.entries()) {
            if (last < first) continue
            assert.ok(last - first + 1 <= 10 + (end - start) / (window / 10) + 0.01)
          }
        }
      }),
      { numRuns: runs },
    )
  })

  test(`in ${name} a hundred tries at once pass no more often than the limit allows`, { skip }, async (t) => {
    const { limits } = await open(t, 10)
    const waits = await Promise.all(Array.from({ length: 100 }, async (_, index) => limits[index % 2]?.take('a')))
    assert.equal(waits.filter((wait) => wait === 0).length, 10)
  })

  test(`in ${name} a right try is given back`, { skip }, async (t) => {
    const { limits } = await open(t, 2)
    const [one, other] = limits
    for (let index = 0; index < 20; index++) {
      assert.equal(await one.take('a'), 0)
      await other.giveBack('a')
    }
    await one.giveBack('never seen')
    assert.equal(await one.take('k'.repeat(100_000)), 0)
    assert.equal(await one.take('a'), 0)
    assert.equal(await one.take('a'), 0)
    await other.giveBack('a')
    assert.equal(await one.take('a'), 0)
    assert.notEqual(await one.take('a'), 0)
  })
}

test('in memory nothing is kept of a try that was given back', () => {
  const limit = new Limit({ tries: 2, per: window, clock: manualClock() })
  assert.equal(limit.take('a'), 0)
  limit.giveBack('a')
  assert.equal(limit.size, 0)
})

test('while Redis is away each process counts for itself', async (t) => {
  const clock = manualClock()
  const connections = new RedisConnections()
  t.after(() => connections.close())
  const nobody = await connections.open('redis://127.0.0.1:1/0')
  const limit = new RedisLimit({ redis: nobody, name: 'tries', tries: 2, per: window, clock })
  assert.deepEqual([await limit.take('a'), await limit.take('a'), await limit.take('a')], [0, 0, window / 2])
  await limit.giveBack('a')
  assert.equal(await limit.take('a'), 0)
})

test('a flood of keys stays within the bound and does not free an old offender', () => {
  const clock = manualClock()
  const limit = new Limit({ tries: 10, per: window, clock, keys: 1000 })
  for (let index = 0; index < 10; index++) limit.take('victim')
  for (let index = 0; index < 20_000; index++) limit.take(`flood${index}`)
  assert.ok(limit.size <= 1000)
  assert.notEqual(limit.take('victim'), 0)
})

test('keys that are paid back are forgotten first', () => {
  const clock = manualClock()
  const limit = new Limit({ tries: 10, per: window, clock, keys: 100 })
  for (let index = 0; index < 100; index++) limit.take(`old${index}`)
  clock.advance(window)
  limit.take('new')
  assert.equal(limit.size, 1)
})

test('an address has one spelling, and an IPv6 customer one address', () => {
  assert.equal(senderOf('203.0.113.9'), '203.0.113.9')
  assert.equal(senderOf('::ffff:203.0.113.9'), '203.0.113.9')
  assert.equal(senderOf('::ffff:cb00:7109'), '203.0.113.9')
  assert.equal(senderOf('2001:db8:1:2::1'), senderOf('2001:DB8:1:2:ffff:ffff:ffff:ffff'))
  assert.equal(senderOf('2001:db8:1:2:0:0:0:1'), senderOf('2001:db8:1:2::5'))
  assert.notEqual(senderOf('2001:db8:1:2::1'), senderOf('2001:db8:1:3::1'))
  assert.equal(senderOf('fe80::1%eth0'), senderOf('fe80::2'))
  for (const odd of ['', 'localhost', 'x'.repeat(1000), '1.2.3.4.5', '::ffff:999.1.1.1']) assert.equal(senderOf(odd), 'unknown')
})
