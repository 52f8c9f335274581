import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { StoredCache } from './cache.ts'
import { Flights } from './flights.ts'
import { claimTime } from './store.ts'
import { MemoryStore } from './stores/memory.ts'

const options = { ttl: '1m' }

test('a caller who leaves takes nobody along: one of those who wait makes it for the others', async () => {
  const { cache } = openForTest()
  const left = Promise.withResolvers<string>()
  const first = cache.wrap('dear', options, () => left.promise)
  let made = 0
  const others = Array.from({ length: 20 }, () => cache.wrap('dear', options, () => `made ${++made}`))
  left.reject(new Error('The caller has left'))
  await assert.rejects(first, /has left/)
  assert.deepEqual(await Promise.all(others), Array(20).fill('made 1'))
})

test('who waits for a maker that fails makes their own, one at a time, and each has the error of their own', async () => {
  const { cache } = openForTest()
  let now = 0
  let most = 0
  const asks = Array.from({ length: 5 }, (_, index) =>
    cache.wrap('dear', options, async () => {
      most = Math.max(most, ++now)
      await new Promise(setImmediate)
      now--
      throw new Error(`failure ${index}`)
    }),
  )
  const outcomes = await Promise.allSettled(asks)
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    [0, 1, 2, 3, 4].map((index) => `failure ${index}`),
  )
  assert.equal(most, 1)
})

test('a maker that hangs is waited for as long as a claim lasts, then one of those who wait makes it for all', async () => {
  const { cache, clock } = openForTest()
  cache.wrap('dear', options, () => new Promise<string>(() => {}))
  let made = 0
  const ask = () => cache.wrap('dear', options, () => `made ${++made}`)
  const asks = [ask(), ask(), ask()]
  await settled()
  clock.advance(claimTime - 1)
  await settled()
  assert.equal(made, 0)
  clock.advance(1)
  assert.deepEqual(await Promise.all(asks), ['made 1', 'made 1', 'made 1'])
  assert.equal(await ask(), 'made 1')
})

test('a maker that is slow and comes before the next one is for all who wait', async () => {
  const { cache, clock } = openForTest()
  const slow = Promise.withResolvers<string>()
  const first = cache.wrap('dear', options, () => slow.promise)
  const others = [1, 2].map(() => cache.wrap('dear', options, () => new Promise<string>(() => {})))
  await settled()
  clock.advance(claimTime)
  await settled()
  slow.resolve('slow')
  assert.deepEqual(await Promise.all([first, ...others]), ['slow', 'slow', 'slow'])
})

test('who has waited as long as a claim lasts for makers that fail waits for no further one', async () => {
  const clock = manualClock()
  const flights = new Flights<string>(clock)
  const makers: PromiseWithResolvers<string>[] = []
  const begin = () => {
    const maker = Promise.withResolvers<string>()
    makers.push(maker)
    return maker.promise
  }
  const outcomes = Promise.allSettled([1, 2, 3, 4, 5].map(() => flights.join({ name: 'dear', tags: [], begin })))
  for (const number of [1, 2]) {
    assert.equal(makers.length, number)
    clock.advance(claimTime * 0.6)
    makers.at(-1)?.reject(new Error('Too late'))
    await settled()
  }
  assert.equal(makers.length, 5)
  for (const maker of makers) maker.resolve('made')
  await outcomes
})

test('a refresh that hangs does not keep others from making it anew', async () => {
  const { cache, clock } = openForTest()
  const stale = { ttl: '1m', staleWhileRevalidate: '1h' }
  await cache.wrap('rates', stale, () => 1)
  clock.advance(60_000)
  await cache.wrap('rates', stale, () => new Promise<number>(() => {}))
  await settled()
  clock.advance(claimTime)
  assert.equal(await cache.wrap('rates', stale, () => 2), 1)
  await settled()
  assert.equal(await cache.get('rates'), 2)
})

function openForTest() {
  const clock = manualClock()
  return { clock, cache: new StoredCache({ store: new MemoryStore({ clock, size: 1024 ** 2 }), clock }) }
}

/** Everything in memory has gone on as far as it can. */
async function settled() {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}
