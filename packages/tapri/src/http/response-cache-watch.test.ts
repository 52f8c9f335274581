import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpContext } from './context.ts'
import { middleware } from './kit.ts'
import { openForTest, visitor } from './open.fixture.ts'
import { type ResponseCacheOptions, responseCache } from './response-cache.ts'
import { signedValue } from './signed.ts'
import type { Middleware, Route } from './types.ts'

const secret = 'a secret of thirty-two characters'
const signed = (value: string) => encodeURIComponent(signedValue('cart', value, [secret]))
const caller = (name: string) => ({
  Cookie: `lang=en; cart=${name === '' ? '' : signed(name)}`,
  'Accept-Language': name,
  'X-Forwarded-For': '198.51.100.7',
})

async function get(url: string, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(100_000) })
  return { text: await answer.text(), cache: answer.headers.get('cache-status') }
}

const minute = { ttl: '1m' } satisfies ResponseCacheOptions
const outer = (adds: (context: HttpContext) => object) => middleware<any>(async (context, next) => next(adds(context)))
const touch = outer(({ cookies, signedCookies, request, ip, webRequest }) => {
  void [cookies.cart, signedCookies.cart, request.headers['accept-language'], ip, webRequest.url]
  return {}
})
type Read = (context: any) => unknown
const behind = (read: Read, before: Middleware<{}>, options: ResponseCacheOptions = minute) =>
  visitor
    .use(before)
    .use(responseCache(options))
    .get('/', (context) => `for ${String(read(context))}`)

const nothing = middleware(async (_context, next) => next())
const cases: Record<string, Route<string, any, any>> = {
  'cookies that `key` has read': behind(({ cookies }) => cookies.cart, nothing, {
    ttl: '1m',
    key: ({ cookies }) => cookies.lang,
  }),
  'cookies that `tags` has read': behind(({ cookies }) => cookies.cart, nothing, {
    ttl: '1m',
    tags: ({ cookies }) => [`lang-${cookies.lang}`],
  }),
  'cookies that middleware has read': behind(({ cookies }) => cookies.cart, touch),
  'signed cookies that middleware has read': behind(({ signedCookies }) => signedCookies.cart, touch),
  'a header that middleware has read': behind(({ request }) => request.headers['accept-language'], touch),
  'a header of a web request that was made before': behind(({ webRequest }) => webRequest.headers.get('accept-language'), touch),
  'an added request': behind(
    ({ req }) => req.headers['accept-language'],
    outer(({ request }) => ({ req: request })),
  ),
  'added headers': behind(
    ({ headers }) => headers['accept-language'],
    outer(({ request }) => ({ headers: request.headers })),
  ),
  'added raw headers': behind(
    ({ raw }) => raw.join(' '),
    outer(({ request }) => ({ raw: request.rawHeaders })),
  ),
  'added distinct headers': behind(
    ({ each }) => each['accept-language'],
    outer(({ request }) => ({ each: request.headersDistinct })),
  ),
  'added cookies': behind(
    ({ jar }) => jar.cart,
    outer(({ cookies }) => ({ jar: cookies })),
  ),
  'cookies added over the own': behind(
    ({ cookies }) => cookies.cart,
    outer(({ cookies }) => ({ cookies })),
  ),
  'added signed cookies': behind(
    ({ jar }) => jar.cart,
    outer(({ signedCookies }) => ({ jar: signedCookies })),
  ),
  'an added web request': behind(
    ({ web }) => web.headers.get('accept-language'),
    outer(({ webRequest }) => ({ web: webRequest })),
  ),
  'its added headers': behind(
    ({ web }) => web.get('accept-language'),
    outer(({ webRequest }) => ({ web: webRequest.headers })),
  ),
  'a request in an added object': behind(
    ({ own }) => own.req.headers['accept-language'],
    outer(({ request }) => ({ own: { req: request } })),
  ),
  'a function that reads the context': behind(
    ({ cart }) => cart(),
    outer((context) => ({ cart: () => context.cookies.cart })),
  ),
}

for (const [name, route] of Object.entries(cases)) {
  test(`an answer is nobody else’s when it is made from ${name}`, async (t) => {
    const { url } = await openForTest(t, { one: route }, { secrets: [secret] })
    for (const who of ['alice', 'bob', 'alice']) {
      const { text, cache } = await get(url, caller(who))
      assert.match(text, new RegExp(`for .*${who}`))
      assert.match(cache ?? '', /detail="looked at /)
    }
  })
}

test('an answer made from the address is not kept, whoever has read it before', async (t) => {
  const { url } = await openForTest(t, { one: behind(({ ip }) => ip, touch) }, { trustProxy: 1 })
  for (const from of ['198.51.100.7', '198.51.100.8']) {
    assert.equal((await get(url, { 'X-Forwarded-For': from })).text, `for ${from}`)
  }
})

test('what middleware outside has read or added, and the handler has not, hinders nothing', async (t) => {
  let seen: object | undefined
  const look = middleware<any>(async (context, next) => {
    await next({ req: context.request, jar: context.cookies })
    seen = { isSame: context.req === context.request && context.jar === context.cookies, lang: context.cookies.lang }
  })
  const { url } = await openForTest(t, { one: behind(() => 'all', look) })
  assert.equal((await get(url, caller('alice'))).cache, 'Tapri; fwd=miss; stored')
  assert.deepEqual(seen, { isSame: true, lang: 'en' }, 'it finds all as it was')
  assert.match((await get(url, caller('bob'))).cache ?? '', /hit/)
})

test('a handler that looks at the same part twice is noticed by each of two caches', async (t) => {
  const cache = responseCache({ ttl: '1m', key: () => 'outer' })
  const { url } = await openForTest(t, {
    one: visitor
      .use(outer(({ request }) => ({ req: request })))
      .use(cache)
      .use(responseCache(minute))
      .get('/', ({ req, cookies }: any) => `for ${req.headers['accept-language']} ${cookies.cart}`),
  })
  for (const who of ['alice', 'bob']) assert.match((await get(url, caller(who))).text, new RegExp(`for ${who}`))
})

test('caches around one another that name an answer alike make it once, and nobody waits', async (t) => {
  let made = 0
  const options: ResponseCacheOptions = { ttl: '1m', key: ({ cookies }) => cookies.lang }
  const { url } = await openForTest(t, {
    one: visitor
      .use(responseCache(options))
      .use(responseCache(options))
      .use(responseCache(options))
      .get('/', () => ++made),
  })
  const all = await Promise.all(Array.from({ length: 5 }, () => get(url, caller('alice'))))
  assert.deepEqual(
    all.map(({ text }) => text),
    ['1', '1', '1', '1', '1'],
  )
  assert.equal(all.filter(({ cache }) => cache === 'Tapri; fwd=miss; stored').length, 1)
  assert.match((await get(url, caller('bob'))).cache ?? '', /hit/)
})

test('two requests whose caches have each other’s names do not wait for one another', async (t) => {
  const both = Promise.withResolvers<void>()
  let inside = 0
  const meet = middleware(async (_context, next) => {
    if (++inside === 2) both.resolve()
    await both.promise
    await next()
  })
  const by = (name: string) => responseCache({ ttl: '1m', vary: [], key: ({ cookies }) => cookies[name] })
  const { url } = await openForTest(t, {
    one: visitor
      .use(by('a'))
      .use(meet)
      .use(by('b'))
      .get('/', () => 'made'),
  })
  const answers = await Promise.all(['a=1; b=2', 'a=2; b=1'].map((Cookie) => get(url, { Cookie })))
  assert.deepEqual(
    answers.map(({ text }) => text),
    ['made', 'made'],
  )
})
