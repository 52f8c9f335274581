import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ManualClock } from '../kit/clock.ts'
import { StoredCache } from './cache.ts'
import type { CacheStore } from './store.ts'

/** One place, as two processes see it. */
export interface OpenPlace {
  readonly one: CacheStore
  readonly other: CacheStore
  readonly clock: ManualClock
}

/** What every store, and the cache on it, must do; `open` gives an empty place each time. */
export function cacheConformance(
  name: string,
  { skip, open }: { readonly skip: string | false; readonly open: (test: TestContext) => Promise<OpenPlace> },
): void {
  const claim = (text: string, check: (place: OpenPlace) => Promise<void>) =>
    test(`the cache in ${name} ${text}`, { skip }, async (t) => check(await open(t)))
  const cacheOn = (store: CacheStore) => new StoredCache({ store })

  claim('gives what was kept, with its times, until it is too old', async ({ one, other, clock }) => {
    const stamp = (await one.stamp(['kites'], 1000)) ?? {}
    await one.set('a', 'text “kite” 🪁', { fresh: 1000, stale: 500, stamp })
    assert.deepEqual(await other.get('a'), { text: 'text “kite” 🪁', age: 0, left: 1000 })
    clock.advance(400)
    assert.deepEqual(await other.get('a'), { text: 'text “kite” 🪁', age: 400, left: 600 })
    clock.advance(800)
    assert.deepEqual(await other.get('a'), { text: 'text “kite” 🪁', age: 1200, left: -200 })
    clock.advance(300)
    assert.equal(await other.get('a'), undefined)
    assert.equal(await other.get('b'), undefined)
  })

  claim('replaces and deletes', async ({ one, other }) => {
    const keep = { fresh: 1000, stale: 0, stamp: (await one.stamp([], 1000)) ?? {} }
    await one.set('a', '1', keep)
    await other.set('a', '2', keep)
    assert.equal((await one.get('a'))?.text, '2')
    await one.delete('a')
    assert.equal(await other.get('a'), undefined)
    await one.set('a', '3', { ...keep, fresh: 0 })
    assert.equal(await other.get('a'), undefined)
  })

  claim('puts in the place of what is there, and does not bring back what is gone', async ({ one, other, clock }) => {
    const keep = { fresh: 1000, stale: 0, stamp: (await one.stamp([], 1000)) ?? {} }
    await one.set('a', '1', { ...keep, replaces: true })
    assert.equal(await other.get('a'), undefined)
    await one.set('a', '2', keep)
    await other.set('a', '3', { ...keep, replaces: true })
    assert.equal((await one.get('a'))?.text, '3')
    clock.advance(1000)
    await one.set('a', '4', { ...keep, replaces: true })
    assert.equal(await one.get('a'), undefined)
  })

  claim('forgets by tag, and everything', async ({ one, other }) => {
    const keep = async (tags: string[]) => ({ fresh: 1000, stale: 0, stamp: (await one.stamp(tags, 1000)) ?? {} })
    await one.set('kites', '1', await keep(['kites']))
    await one.set('both', '2', await keep(['kites', 'people']))
    await one.set('none', '3', await keep([]))
    await other.invalidate(['kites', 'never used'])
    assert.deepEqual(await Promise.all(['kites', 'both', 'none'].map(async (key) => (await one.get(key))?.text)), [
      undefined,
      undefined,
      '3',
    ])
    await one.set('kites', '4', await keep(['kites']))
    assert.equal((await other.get('kites'))?.text, '4')
    await other.clear()
    assert.equal(await one.get('kites'), undefined)
    assert.equal(await one.get('none'), undefined)
  })

  claim('does not keep what was invalidated while it was made', async ({ one, other }) => {
    const stamp = (await one.stamp(['kites'], 1000)) ?? {}
    await other.invalidate(['kites'])
    await one.set('a', 'old', { fresh: 1000, stale: 0, stamp })
    assert.equal(await one.get('a'), undefined)
    const cleared = (await one.stamp([], 1000)) ?? {}
    await other.clear()
    await one.set('a', 'old', { fresh: 1000, stale: 0, stamp: cleared })
    assert.equal(await one.get('a'), undefined)
  })

  claim('gives the right to make a value to one at a time', async ({ one, other }) => {
    const release = await one.claim('a', 10_000)
    assert.ok(release)
    assert.equal(await other.claim('a', 10_000), undefined)
    assert.ok(await other.claim('b', 10_000))
    await release()
    const next = await other.claim('a', 10_000)
    assert.ok(next)
    await release()
    assert.equal(await one.claim('a', 10_000), undefined, 'who has given it back cannot give back what another has')
  })

  claim('gives back what it took, times and odd texts too, as a value of one’s own', async ({ one, other }) => {
    const value = { at: new Date(86_400_000), text: '~tilde', list: [1.5, null, true, { deep: 'ü' }], nothing: null }
    await cacheOn(one).set(['kite', 7], value, { ttl: '1m' })
    const cache = cacheOn(other)
    const found = await cache.get(['kite', 7])
    assert.deepEqual(found, value)
    assert.notEqual(await cache.get(['kite', 7]), found)
    assert.equal(await cache.get('["kite",7]'), undefined, 'a text that looks like a list is another key')
    assert.equal(await cache.get(['kite', '7']), undefined)
  })

  claim('makes a value once, however many ask at once, in both processes', async ({ one, other }) => {
    let made = 0
    const begun = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const make = async () => {
      begun.resolve()
      await go.promise
      return { number: ++made }
    }
    const asks = [cacheOn(one), cacheOn(other)].flatMap((cache) =>
      Array.from({ length: 20 }, () => cache.wrap('dear', { ttl: '1m' }, make)),
    )
    await begun.promise
    go.resolve()
    const values = await Promise.all(asks)
    assert.equal(made, 1)
    for (const value of values) assert.deepEqual(value, { number: 1 })
    assert.equal(new Set(values).size, 40, 'each has a value of its own')
  })

  claim('gives a stale value at once and makes it anew beside', async ({ one, clock }) => {
    const cache = cacheOn(one)
    let made = 0
    let finished = Promise.withResolvers<void>()
    const ask = () =>
      cache.wrap('dear', { ttl: '1m', staleWhileRevalidate: '1h' }, async () => {
        setImmediate(finished.resolve)
        return ++made
      })
    assert.equal(await ask(), 1)
    clock.advance(60_000)
    finished = Promise.withResolvers<void>()
    assert.deepEqual(await Promise.all([ask(), ask()]), [1, 1])
    await finished.promise
    while ((await cache.get('dear')) !== 2) await new Promise(setImmediate)
    assert.equal(await ask(), 2)
    clock.advance(60_000 + 3_600_000)
    assert.equal(await ask(), 3, 'what is too old is not given')
  })

  claim('keeps null for its own time, and neither undefined nor errors', async ({ one, clock }) => {
    const cache = cacheOn(one)
    let made = 0
    const ask = <T>(key: string, value: T) =>
      cache.wrap(key, { ttl: '1h', negativeTtl: '1s' }, () => {
        made++
        if (value instanceof Error) throw value
        return value
      })
    assert.equal(await ask('null', null), null)
    assert.equal(await ask('null', null), null)
    assert.equal(made, 1)
    clock.advance(1000)
    await ask('null', null)
    assert.equal(made, 2)
    for (let index = 0; index < 2; index++) {
      assert.equal(await ask('nothing', undefined), undefined)
      await assert.rejects(ask('error', new Error('No kites')), /No kites/)
    }
    assert.equal(made, 6)
  })

  claim('makes anew what was invalidated, also for who asks while the old is still made', async ({ one, other }) => {
    const [cache, far] = [cacheOn(one), cacheOn(other)]
    const old = Promise.withResolvers<string>()
    const begun = Promise.withResolvers<void>()
    const first = cache.wrap('a', { ttl: '1m', tags: ['kites:7'] }, () => {
      begun.resolve()
      return old.promise
    })
    await begun.promise
    await far.invalidate({ tags: ['kites:7'] })
    await cache.invalidate({ tags: ['kites:7'] })
    const second = cache.wrap('a', { ttl: '1m', tags: ['kites:7'] }, () => 'new')
    old.resolve('old')
    assert.equal(await first, 'old')
    assert.equal(await second, 'new')
    assert.equal(await far.get('a'), 'new')
    await far.invalidate({ tags: ['kites:*'] })
    assert.equal(await cache.get('a'), undefined, 'a row is among all rows')
  })

  claim('does not keep what was deleted while it was made', async ({ one }) => {
    const cache = cacheOn(one)
    const begun = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const making = cache.wrap('a', { ttl: '1m' }, async () => {
      begun.resolve()
      await go.promise
      return 'old'
    })
    await begun.promise
    await cache.delete('a')
    go.resolve()
    assert.equal(await making, 'old')
    assert.equal(await cache.get('a'), undefined)
  })

  claim('takes keys of any length and refuses what has no JSON', async ({ one }) => {
    const cache = cacheOn(one)
    const long = 'kite'.repeat(10_000)
    await cache.set(long, 1, { ttl: '1m' })
    await cache.set(`${long}s`, 2, { ttl: '1m' })
    assert.equal(await cache.get(long), 1)
    await assert.rejects(cache.set('a', { big: 1n }, { ttl: '1m' }), { code: 'TAPRI_CACHE_VALUE' })
    await assert.rejects(
      cache.wrap('a', { ttl: '1m' }, () => () => 1),
      { code: 'TAPRI_CACHE_VALUE' },
    )
    await assert.rejects(cache.set('a', 1, { ttl: '1m', tags: [''] }), { code: 'TAPRI_CACHE_TAG' })
    await assert.rejects(cache.set('a', 1, { ttl: 'soon' }), { code: 'TAPRI_KIT_DURATION' })
  })

  claim('gives what is too large and does not keep it', async ({ one }) => {
    const cache = new StoredCache({ store: one, largest: 100 })
    assert.equal(await cache.wrap('large', { ttl: '1m' }, () => 'k'.repeat(99)), 'k'.repeat(99))
    assert.equal(await cache.get('large'), undefined)
    assert.equal(await cache.wrap('small', { ttl: '1m' }, () => 'k'.repeat(98)), 'k'.repeat(98))
    assert.notEqual(await cache.get('small'), undefined)
  })
}
