import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { type CacheStore, openStores } from '../cache/index.ts'
import { type ManualClock, manualClock } from '../kit/clock.ts'
import { cleanAfter, redisUrl, withoutRedis } from '../kit/redis.fixture.ts'
import { RedisConnections } from '../redis/index.ts'
import { int, list, text, time } from '../schema/index.ts'
import { middleware } from './kit.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'
import { responseCache } from './response-cache.ts'
import type { HttpOptions } from './server.ts'
import { sessions } from './session.ts'

const fields = { step: int({ min: 1 }), basket: list(text()), at: time() }
const withSession = sessions({ fields, idle: '30m', absolute: '2h' })
const kit = visitor.use(withSession)

const routes = {
  read: kit.get('/', ({ session }) => ({ step: session.get('step') ?? null, isNew: session.isNew })),
  step: kit.post('/step/:step', ({ session, params }) => session.set({ step: Number(params.step) })),
  fill: kit.post('/fill', ({ session }) => session.set({ basket: ['kite', '~string'], at: new Date(0) })),
  all: kit.get('/all', ({ session }) => [session.get('basket'), session.get('at') instanceof Date, session.get('step') ?? null]),
  empty: kit.post('/empty', ({ session }) => session.set({ basket: undefined, at: undefined })),
  up: kit.post('/up', async ({ session }) => {
    await session.regenerate()
    session.set({ step: 9 })
  }),
  fails: kit.post('/fails', async ({ session }) => {
    await session.regenerate()
    session.set({ step: 7 })
    throw new Error('No kites')
  }),
  out: kit.post('/out', ({ session }) => session.destroy()),
  wrong: kit.post('/wrong', ({ session }) => session.set({ step: 0 })),
  late: kit.post('/late', async ({ session }) => {
    await session.destroy()
    session.set({ step: 1 })
  }),
}

/** A browser with one cookie. */
function browser(url: string) {
  let cookie: string | undefined
  return {
    get cookie() {
      return cookie
    },
    set cookie(value) {
      cookie = value
    },
    async ask(path: string, method = 'GET') {
      const answer = await fetch(url + path, { method, headers: { ...(cookie !== undefined && { Cookie: cookie }) } })
      const [set] = answer.headers.getSetCookie()
      if (set !== undefined) cookie = set.includes('Max-Age=0') ? undefined : set.split(';', 1)[0]
      return { set, status: answer.status, value: answer.status === 200 ? await answer.json() : await answer.text() }
    },
  }
}

const places = {
  memory: { skip: false as const, url: () => 'memory:' },
  Redis: { skip: withoutRedis, url: redisUrl },
}

async function open(t: TestContext, storeUrl: string, options: Partial<HttpOptions> = {}) {
  const clock = manualClock()
  const redis = new RedisConnections({ clock })
  if (storeUrl.startsWith('redis')) cleanAfter(t, await redis.open(storeUrl), redis)
  const stores = await openStores(storeUrl, { clock, redis })
  const { url } = await openForTest(t, routes, { stores, time: clock, ...options })
  return { url, clock, stores }
}

for (const [name, place] of Object.entries(places)) {
  const claim = (
    said: string,
    check: (room: { url: string; clock: ManualClock; store: CacheStore; person: ReturnType<typeof browser> }) => Promise<void>,
  ) =>
    test(`in ${name} ${said}`, { skip: place.skip }, async (t) => {
      const { url, clock, stores } = await open(t, place.url())
      await check({ url, clock, store: stores.sessions, person: browser(url) })
    })

  claim('a session keeps typed values, and there is no cookie before there is one', async ({ person }) => {
    assert.deepEqual(await person.ask('/'), { set: undefined, status: 200, value: { step: null, isNew: true } })
    const { set } = await person.ask('/fill', 'POST')
    assert.match(set ?? '', /^app-session=[\w-]{43}; Max-Age=7200; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.deepEqual((await person.ask('/all')).value, [['kite', '~string'], true, null])
    assert.equal((await person.ask('/step/2', 'POST')).set, undefined, 'the cookie stays')
    assert.deepEqual((await person.ask('/all')).value, [['kite', '~string'], true, 2])
    await person.ask('/empty', 'POST')
    assert.deepEqual((await person.ask('/all')).value, [null, false, 2])
  })

  claim('session fixation: an id that the server has not made is never taken over', async ({ url, person }) => {
    const attacker = browser(url)
    const planted = `app-session=${'A'.repeat(43)}`
    person.cookie = planted
    attacker.cookie = planted
    await person.ask('/step/2', 'POST')
    assert.notEqual(person.cookie, planted)
    assert.deepEqual((await attacker.ask('/')).value, { step: null, isNew: true })
  })

  claim('session fixation: whoever knew the id before a regeneration knows nothing after it', async ({ url, person }) => {
    const attacker = browser(url)
    await attacker.ask('/step/1', 'POST')
    person.cookie = attacker.cookie
    await person.ask('/up', 'POST')
    assert.notEqual(person.cookie, attacker.cookie)
    assert.deepEqual((await person.ask('/')).value, { step: 9, isNew: false })
    assert.deepEqual((await attacker.ask('/')).value, { step: null, isNew: true })
    await attacker.ask('/step/3', 'POST')
    assert.deepEqual((await person.ask('/')).value, { step: 9, isNew: false })
  })

  claim('a regeneration holds though the handler fails after it', async ({ person }) => {
    await person.ask('/step/1', 'POST')
    const before = person.cookie
    assert.equal((await person.ask('/fails', 'POST')).status, 500)
    assert.notEqual(person.cookie, before)
    assert.deepEqual((await person.ask('/')).value, { step: 1, isNew: false }, 'what was set is not kept')
  })

  claim('a destroyed session is gone from the store and from the browser', async ({ url, person }) => {
    await person.ask('/step/1', 'POST')
    const other = browser(url)
    other.cookie = person.cookie
    await person.ask('/out', 'POST')
    assert.equal(person.cookie, undefined)
    assert.deepEqual((await other.ask('/')).value, { step: null, isNew: true })
  })

  claim('a session ends when it is not used, and at its age however much it is used', async ({ person, clock }) => {
    await person.ask('/step/1', 'POST')
    for (let minutes = 0; minutes < 119; minutes += 17) {
      assert.equal((await person.ask('/')).value.step, 1, `after ${minutes} minutes`)
      clock.advance(17 * 60_000)
    }
    clock.advance(60_000)
    assert.equal((await person.ask('/')).value.step, null)
    person.cookie = undefined
    await person.ask('/step/2', 'POST')
    clock.advance(29 * 60_000)
    assert.equal((await person.ask('/')).value.step, 2)
    clock.advance(30 * 60_000)
    assert.equal((await person.ask('/')).value.step, null)
  })

  claim('the store has only a hash of the id', async ({ person, store }) => {
    await person.ask('/step/1', 'POST')
    const id = person.cookie?.split('=')[1] ?? ''
    assert.equal(await store.get(`app-session ${id}`), undefined)
    const entry = await store.get(`app-session ${createHash('sha256').update(id).digest('base64url')}`)
    assert.ok(entry !== undefined && !entry.text.includes(id))
  })
}

test('a request under way does not bring back a session that was destroyed meanwhile', async (t) => {
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const { url } = await openForTest(t, {
    ...routes,
    slow: kit.post('/slow', async ({ session }) => {
      begun.resolve()
      await go.promise
      session.set({ step: 5 })
    }),
  })
  const person = browser(url)
  await person.ask('/step/1', 'POST')
  const other = browser(url)
  other.cookie = person.cookie
  const slow = other.ask('/slow', 'POST')
  await begun.promise
  await person.ask('/out', 'POST')
  go.resolve()
  await slow
  assert.deepEqual((await other.ask('/')).value, { step: null, isNew: true })
})

test('over https the cookie is __Host- and Secure, and a plain one beside it is not read', async (t) => {
  const { url } = await open(t, 'memory:', { publicUrl: 'https://tube.example' })
  const person = browser(url)
  const { set } = await person.ask('/step/1', 'POST')
  assert.match(set ?? '', /^__Host-app-session=[\w-]{43};.*; Secure/)
  person.cookie = person.cookie?.replace('__Host-', '')
  assert.deepEqual((await person.ask('/')).value, { step: null, isNew: true })
})

test('what does not fit the fields, or comes too late, is refused', async (t) => {
  const { url, entries } = await openForTest(t, routes)
  for (const path of ['/wrong', '/late']) {
    const answer = await fetch(url + path, { method: 'POST' })
    assert.equal(answer.status, 500)
    assert.deepEqual(answer.headers.getSetCookie(), [])
    assert.match(JSON.stringify(entries.pop()?.facts), /TAPRI_HTTP_SESSION/, path)
  }
})

test('a field whose form has changed since is left out', async (t) => {
  const clock = manualClock()
  const stores = await openStores('memory:', { clock, redis: new RedisConnections() })
  const newer = visitor.use(sessions({ fields: { step: text(), basket: list(text()) } }))
  const now = { all: newer.get('/all', ({ session }) => [session.get('step') ?? null, session.get('basket') ?? null]) }
  const before = await openForTest(t, routes, { stores, time: clock })
  const after = await openForTest(t, now, { stores, time: clock })
  const person = browser(before.url)
  await person.ask('/fill', 'POST')
  await person.ask('/step/3', 'POST')
  const same = browser(after.url)
  same.cookie = person.cookie
  assert.deepEqual((await same.ask('/all')).value, [null, ['kite', '~string']])
})

test('while Redis is away a session is a clear 503, and who has none is served', async (t) => {
  const { url } = await open(t, 'redis://127.0.0.1:1/0')
  const person = browser(url)
  assert.equal((await person.ask('/')).status, 200)
  const answer = await fetch(url, { headers: { Cookie: `app-session=${'A'.repeat(43)}` } })
  assert.equal((await problemIn(answer)).code, 'TAPRI_REDIS_LOST')
  assert.equal(answer.status, 503)
})

test('an answer that was made from a session is not kept for others', async (t) => {
  let made = 0
  const inner = middleware(async (_context, next) => next())
  const { url } = await openForTest(t, {
    one: kit
      .use(responseCache({ ttl: '1m' }))
      .use(inner)
      .get('/one', ({ session }) => `${session.get('step') ?? 'none'} ${++made}`),
  })
  assert.equal(await (await fetch(`${url}/one`)).text(), 'none 1')
  const second = await fetch(`${url}/one`)
  assert.equal(await second.text(), 'none 2')
  assert.equal(second.headers.get('cache-status'), 'Tapri; fwd=miss; detail="looked at the session"')
})
