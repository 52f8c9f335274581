import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openStores } from '../cache/index.ts'
import { manualClock } from '../kit/clock.ts'
import { deny } from '../kit/errors.ts'
import { cleanAfter, redisUrl, withoutRedis } from '../kit/redis.fixture.ts'
import { RedisConnections } from '../redis/index.ts'
import { int } from '../schema/index.ts'
import { middleware } from './kit.ts'
import { openForTest, visitor } from './open.fixture.ts'
import { type ResponseCacheOptions, responseCache } from './response-cache.ts'

async function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(url, { headers, method, redirect: 'manual' })
  const header = (name: string) => answer.headers.get(name)
  return { status: answer.status, text: await answer.text(), cache: header('cache-status'), age: header('age'), header }
}

const minute = { ttl: '1m' } satisfies ResponseCacheOptions
const kept = (options: ResponseCacheOptions = minute) => visitor.use(responseCache(options))

async function openRedisStores(t: TestContext, clock: ReturnType<typeof manualClock>) {
  const redis = new RedisConnections({ clock })
  const url = redisUrl()
  cleanAfter(t, await redis.open(url), redis)
  return openStores(url, { clock, redis })
}

for (const { name, skip, storesFor } of [
  { name: 'memory', skip: false as const, storesFor: async () => undefined },
  { name: 'Redis', skip: withoutRedis, storesFor: openRedisStores },
]) {
  test(`in ${name} an answer is kept with its tag, its type and its headers, until it is too old`, { skip }, async (t) => {
    const clock = manualClock()
    const stores = await storesFor(t, clock)
    let made = 0
    const { url } = await openForTest(
      t,
      {
        json: kept().get('/json', { query: { n: int({ default: 1 }) } }, ({ reply, query }) => {
          reply.header('X-Kite', 'red').cache({ maxAge: '1m', public: true })
          return { made: ++made, n: query.n }
        }),
        html: kept().get('/html', ({ reply }) => reply.html(`<p>ü ${++made}`)),
        bytes: kept().get('/bytes', () => new Uint8Array([0, 255, ++made])),
      },
      { time: clock, ...(stores && { stores }) },
    )
    const first = await get(`${url}/json`)
    assert.deepEqual([first.text, first.cache, first.age], ['{"made":1,"n":1}', 'Tapri; fwd=miss; stored', null])
    clock.advance(20_000)
    const second = await get(`${url}/json`)
    assert.deepEqual([second.text, second.cache, second.age], [first.text, 'Tapri; hit; ttl=40', '20'])
    for (const header of ['content-type', 'etag', 'x-kite', 'cache-control', 'vary']) {
      assert.equal(second.header(header), first.header(header), header)
    }
    const unchanged = await get(`${url}/json`, { 'If-None-Match': first.header('etag') ?? '' })
    assert.deepEqual([unchanged.status, unchanged.text], [304, ''])
    const head = await get(`${url}/json`, {}, 'HEAD')
    assert.deepEqual([head.status, head.text, head.cache], [200, '', 'Tapri; fwd=miss; stored'], 'HEAD has an answer of its own')
    assert.equal((await get(`${url}/json?n=2`)).text, '{"made":3,"n":2}')
    clock.advance(40_000)
    assert.equal((await get(`${url}/json`)).text, '{"made":4,"n":1}')

    assert.deepEqual([(await get(`${url}/html`)).text, (await get(`${url}/html`)).text], ['<p>ü 5', '<p>ü 5'])
    assert.match((await get(`${url}/html`)).header('content-security-policy') ?? '', /default-src/)
    const twice = [await fetch(`${url}/bytes`), await fetch(`${url}/bytes`)]
    for (const answer of twice) assert.deepEqual([...new Uint8Array(await answer.arrayBuffer())], [0, 255, 6])
  })
}

test('the typed client and everybody else have answers of their own, each compressed for who asks', async (t) => {
  const { url } = await openForTest(t, {
    long: kept().get('/', () => ({ at: new Date(0), text: 'kite '.repeat(1000) })),
  })
  const wire = { Accept: 'application/vnd.tapri+json' }
  assert.match((await get(url, wire)).text, /"~t1970/)
  assert.match((await get(url)).text, /"1970/)
  const hit = await get(url, { 'Accept-Encoding': 'gzip' })
  assert.match(hit.cache ?? '', /hit/)
  assert.equal(hit.header('content-encoding'), 'gzip')
  assert.match(hit.text, /"1970/)
  assert.match((await get(url, wire)).cache ?? '', /hit/)
})

test('a stale answer is given at once and made anew beside, once', async (t) => {
  const clock = manualClock()
  let made = 0
  const again = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const { url } = await openForTest(
    t,
    {
      one: kept({ ttl: '1m', staleWhileRevalidate: '1h' }).get('/', async ({ reply }) => {
        if (made > 0) {
          again.resolve()
          await go.promise
        }
        reply.header('X-Made', String(++made))
        return `made ${made}`
      }),
    },
    { time: clock },
  )
  assert.equal((await get(url)).text, 'made 1')
  clock.advance(61_000)
  const stale = await get(url)
  assert.deepEqual([stale.text, stale.cache, stale.age], ['made 1', 'Tapri; hit; ttl=-1', '61'])
  await again.promise
  assert.equal((await get(url)).text, 'made 1')
  go.resolve()
  let answer = await get(url)
  while (answer.text === 'made 1') answer = await get(url)
  assert.deepEqual([answer.text, answer.header('x-made'), made], ['made 2', '2', 2])
})

test('many who ask at once wait for one answer; after a failure each has their own', async (t) => {
  let made = 0
  let go = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  let waiting = 0
  const counting = middleware(async (_context, next) => {
    if (++waiting === 20) arrived.resolve()
    await next()
  })
  const { url } = await openForTest(t, {
    one: visitor
      .use(counting)
      .use(responseCache(minute))
      .get('/:id', async ({ params }) => {
        made++
        await go.promise
        if (params.id === 'closed') throw deny('Closed')
        return made
      }),
  })
  const asks = Array.from({ length: 20 }, () => get(`${url}/open`))
  await arrived.promise
  go.resolve()
  const answers = await Promise.all(asks)
  assert.equal(made, 1)
  assert.equal(answers.filter(({ cache }) => cache === 'Tapri; fwd=miss; collapsed').length, 19)
  go = Promise.withResolvers<void>()
  const refused = Array.from({ length: 5 }, () => get(`${url}/closed`))
  go.resolve()
  for (const { status } of await Promise.all(refused)) assert.equal(status, 403)
})

test('nothing is kept that another caller must not have, and Cache-Status says why', async (t) => {
  let made = 0
  const routes = {
    cookie: kept().get('/cookie', ({ reply }) => {
      reply.cookie('seen', 'yes')
      return ++made
    }),
    private: kept().get('/private', ({ reply }) => {
      reply.cache({ maxAge: '1m' })
      return ++made
    }),
    never: kept().get('/never', ({ reply }) => {
      reply.cache('never')
      return ++made
    }),
    made: kept().get('/made', ({ reply }) => {
      reply.status(201)
      return ++made
    }),
    stream: kept().get('/stream', ({ reply }) => reply.lines([++made])),
    redirect: kept().get('/redirect', ({ reply }) => reply.redirect(`/made?${++made}`)),
    nothing: kept().get('/nothing', () => void ++made),
    language: kept().get('/language', ({ request }) => `${request.headers['accept-language']} ${++made}`),
    negotiated: kept().get('/negotiated', ({ reply }) => reply.negotiate({ 'text/plain': () => `text ${++made}` })),
    cookies: kept().get('/cookies', ({ cookies }) => `${cookies.theme} ${++made}`),
    address: kept().get('/address', ({ ip }) => `${ip} ${++made}`),
    standard: kept().get('/standard', ({ webRequest }) => `${webRequest.url} ${++made}`),
    spread: kept().get('/spread', ({ request }) => `${Object.keys({ ...request.headers }).length} ${++made}`),
    large: kept().get('/large', () => `${++made}${'k'.repeat(1024 ** 2)}`),
  }
  const { url } = await openForTest(t, routes)
  const why: Record<string, string | null> = {}
  for (const name of Object.keys(routes)) {
    const before = made
    why[name] = (await get(`${url}/${name}`)).cache
    await get(`${url}/${name}`)
    assert.equal(made, before + 2, name)
  }
  assert.deepEqual(why, {
    cookie: 'Tapri; fwd=miss; detail="headers"',
    private: 'Tapri; fwd=miss; detail="headers"',
    never: 'Tapri; fwd=miss; detail="headers"',
    made: 'Tapri; fwd=miss; detail="status 201"',
    stream: 'Tapri; fwd=miss; detail="not whole"',
    redirect: 'Tapri; fwd=miss; detail="not whole"',
    nothing: 'Tapri; fwd=miss; detail="not whole"',
    language: 'Tapri; fwd=miss; detail="looked at accept-language"',
    negotiated: 'Tapri; fwd=miss; detail="looked at accept"',
    cookies: 'Tapri; fwd=miss; detail="looked at cookie"',
    address: 'Tapri; fwd=miss; detail="looked at socket"',
    standard: 'Tapri; fwd=miss; detail="looked at socket"',
    spread: 'Tapri; fwd=miss; detail="looked at all headers"',
    large: 'Tapri; fwd=miss; detail="too large"',
  })
})

test('web cache poisoning: what is not in the key does not reach the answer of another', async (t) => {
  const { url, raw } = await openForTest(t, {
    link: kept().get('/link', ({ request }) => `https://${request.headers['x-forwarded-host'] ?? request.headers.host}/next`),
    echo: kept().get('/echo/:name', ({ request }) => `<a href="${request.url}">`),
    fat: kept().get('/fat', { query: { n: int({ default: 0 }) } }, ({ query }) => `n is ${query.n}`),
  })
  const bad = await get(`${url}/link`, { 'X-Forwarded-Host': 'evil.test' })
  assert.match(bad.text, /evil\.test/)
  assert.doesNotMatch((await get(`${url}/link`)).text, /evil/)

  const send = (path: string, host = 'tube.test') =>
    raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`).then((text) =>
      text.slice(text.indexOf('\r\n\r\n') + 4),
    )
  // one URL to a reader of URLs, two to a page that repeats it
  assert.match(await send('/echo/"><script>'), /"><script>/)
  assert.doesNotMatch(await send('/echo/%22%3E%3Cscript%3E'), /<script>/)
  assert.doesNotMatch(await send('/echo/%22%3e%3cscript%3e'), /<script>/)
  assert.match(await send('/link', 'evil.test'), /evil\.test/)
  assert.match(await send('/link'), /tube\.test/)
  assert.equal(await send('/fat?n=1'), 'n is 1')
  assert.equal(await send('/fat'), 'n is 0')
  assert.match(await send('/fat?n=1&n=2'), /TAPRI_INVALID/)
  assert.equal(await send('/fat?n=1'), 'n is 1', 'an error is not kept')
})

test('one spelling of a URL has one answer, and no more than the router takes for one', async (t) => {
  let made = 0
  const { url } = await openForTest(t, {
    one: kept().get('/kites/:name', ({ params }) => `${params.name} ${++made}`),
    two: kept().get('/pages', { query: { a: int({ default: 0 }), b: int({ default: 0 }) } }, () => ++made),
  })
  assert.equal((await get(`${url}/kites/a%62`)).text, 'ab 1')
  assert.equal((await get(`${url}/kites/ab`)).text, 'ab 1')
  assert.equal((await get(`${url}/kites/a%2Fb`)).text, 'a/b 2')
  assert.equal((await get(`${url}/kites/a%252Fb`)).text, 'a%2Fb 3')
  assert.equal((await get(`${url}/pages?a=1&b=2`)).text, '4')
  assert.equal((await get(`${url}/pages?b=2&a=1`)).text, '4')
  assert.equal((await get(`${url}/pages?a=12`)).text, '5')
})

test('web cache deception: no ending of a path makes a caller’s own page everybody’s', async (t) => {
  const signedIn = middleware<{ user: { id: string } | null }>(async ({ request }, next) => {
    const id = /session=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
    await next({ user: id === undefined ? null : { id } })
  })
  const { url } = await openForTest(t, {
    account: visitor
      .use(signedIn)
      .use(responseCache(minute))
      .get('/account', ({ user }) => `secret of ${user?.id ?? 'nobody'}`),
    rest: visitor
      .use(signedIn)
      .use(responseCache(minute))
      .get('/pages/*path', ({ user }) => `page of ${user?.id ?? 'nobody'}`),
  })
  for (const path of ['/account', '/account/x.css', '/account;x.css', '/account%2Fx.css', '/account%00.css', '/pages/x.css']) {
    const victim = await get(url + path, { Cookie: 'session=ann' })
    const attacker = await get(url + path)
    assert.doesNotMatch(attacker.text, /of ann/, path)
    if (victim.status === 200) assert.equal(victim.cache, 'Tapri; fwd=bypass; detail=credentials')
  }
})

test('who shows a credential is answered anew, true or not; `per: account` keeps an answer for each', async (t) => {
  let made = 0
  const signedIn = middleware<{ user: { id: string } | null }>(async ({ request }, next) => {
    const id = /^Bearer (\w+)$/.exec(request.headers.authorization ?? '')?.[1]
    await next({ user: id === undefined ? null : { id } })
  })
  const { url } = await openForTest(t, {
    all: visitor
      .use(signedIn)
      .use(responseCache(minute))
      .get('/all', ({ user }) => `${user?.id} ${++made}`),
    own: visitor
      .use(signedIn)
      .use(responseCache({ ttl: '1m', per: 'account' }))
      .get('/own', ({ user, reply }) => {
        reply.cache({ maxAge: '1m' })
        return `${user?.id} ${++made}`
      }),
  })
  const as = (id: string) => ({ Authorization: `Bearer ${id}` })
  assert.equal((await get(`${url}/all`)).text, 'undefined 1')
  assert.equal((await get(`${url}/all`, as('ann'))).text, 'ann 2')
  assert.equal((await get(`${url}/all`, { Authorization: 'Basic eDp5' })).text, 'undefined 3')
  assert.equal((await get(`${url}/all`, { Cookie: 'connect.sid=1' })).text, 'undefined 4')
  assert.equal((await get(`${url}/all`, { Cookie: '_ga=1; theme=dark' })).text, 'undefined 1')
  assert.equal((await get(`${url}/own`, as('ann'))).text, 'ann 5')
  assert.equal((await get(`${url}/own`, as('ann'))).text, 'ann 5')
  assert.equal((await get(`${url}/own`, as('bob'))).text, 'bob 6')
  assert.equal((await get(`${url}/own`, { Cookie: '__Host-session=1' })).text, 'undefined 7')
  assert.equal((await get(`${url}/own`, { Cookie: '__Host-session=1' })).text, 'undefined 8')
})

test('`vary` and `key` tell what else answers depend on', async (t) => {
  let made = 0
  const shop = middleware<{ shop: string }>(async ({ request }, next) => {
    await next({ shop: String(request.headers['x-shop']) })
  })
  const { url } = await openForTest(t, {
    one: visitor
      .use(shop)
      .use(responseCache({ ttl: '1m', vary: ['Accept-Language'], key: ({ shop }) => shop }))
      .get('/', ({ request, shop }) => `${shop} ${request.headers['accept-language']} ${++made}`),
  })
  const ask = (shop: string, language: string) => get(url, { 'X-Shop': shop, 'Accept-Language': language })
  assert.equal((await ask('a', 'de')).text, 'a de 1')
  const hit = await ask('a', 'de')
  assert.equal(hit.text, 'a de 1')
  assert.match(hit.header('vary') ?? '', /accept-language/)
  assert.match((await ask('a', 'fr')).header('vary') ?? '', /accept-language/)
  assert.equal((await ask('b', 'de')).text, 'b de 3')
})

test('what runs outside of the cache runs for a hit too: a guard refuses, headers are set anew', async (t) => {
  const guard = middleware(async ({ request, reply }, next) => {
    if (request.headers['x-closed'] !== undefined) throw deny('Closed')
    reply.header('X-Asked', String(request.headers['x-ask']))
    await next()
  })
  const { url } = await openForTest(t, {
    one: visitor
      .use(guard)
      .use(responseCache(minute))
      .get('/', () => 'in'),
  })
  assert.equal((await get(url, { 'X-Ask': '1' })).header('x-asked'), '1')
  const hit = await get(url, { 'X-Ask': '2' })
  assert.match(hit.cache ?? '', /hit/)
  assert.equal(hit.header('x-asked'), '2')
  assert.equal((await get(url, { 'X-Closed': '1' })).status, 403)
})

test('answers are gone when one of their tags is invalidated, those too that are made meanwhile', async (t) => {
  const stores = await openStores('memory:', { redis: new RedisConnections() })
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  let made = 0
  const { url } = await openForTest(
    t,
    {
      one: kept({ ttl: '1m', tags: ({ params }) => [`kites:${params.id}`] }).get('/kites/:id', () => ++made),
      slow: kept({ ttl: '1m', tags: ['slow'] }).get('/slow', async () => {
        begun.resolve()
        await go.promise
        return ++made
      }),
    },
    { stores },
  )
  assert.equal((await get(`${url}/kites/7`)).text, '1')
  assert.equal((await get(`${url}/kites/8`)).text, '2')
  await stores.cache.invalidate(['kites:7'])
  assert.equal((await get(`${url}/kites/7`)).text, '3')
  assert.equal((await get(`${url}/kites/8`)).text, '2')
  await stores.cache.invalidate(['kites:*'])
  assert.equal((await get(`${url}/kites/8`)).text, '4')
  const slow = get(`${url}/slow`)
  await begun.promise
  await stores.cache.invalidate(['slow'])
  go.resolve()
  assert.equal((await slow).text, '5')
  assert.equal((await get(`${url}/slow`)).text, '6')
})

test('a cache whose numbers or tags cannot be is refused where it is declared', () => {
  assert.throws(() => responseCache({ ttl: 'soon' }), { code: 'TAPRI_KIT_DURATION' })
  assert.throws(() => responseCache({ ttl: '1m', tags: [''] }), { code: 'TAPRI_CACHE_TAG' })
})

test('who waits for a maker that never ends makes the answer by itself in the end', async (t) => {
  const clock = manualClock()
  const entered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const never = Promise.withResolvers<string>()
  let made = 0
  const { url, http } = await openForTest(
    t,
    {
      slow: kept().get('/slow', () => {
        entered[made]?.resolve()
        return ++made === 1 ? never.promise : 'made'
      }),
    },
    { time: clock },
  )
  assert.ok(http.fetch)
  const first = http.fetch(new Request(`${url}/slow`))
  await entered[0]?.promise
  const second = http.fetch(new Request(`${url}/slow`))
  // the second has come to where it waits
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  clock.advance(10_000)
  assert.equal(await (await second).text(), 'made')
  never.resolve('late')
  assert.equal(await (await first).text(), 'late')
})
