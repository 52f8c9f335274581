import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hono } from 'hono'
import { openForTest, visitor } from './open.fixture.ts'
import { fromFetch } from './web.ts'

test('a Hono app is mounted below a path: bodies, cookies, statuses and streams pass', async (context) => {
  const hono = new Hono()
  hono.get('/hello/:name', (c) => c.json({ hello: c.req.param('name'), agent: c.req.header('user-agent') }))
  hono.post('/echo', async (c) => {
    c.header('Set-Cookie', 'a=1', { append: true })
    c.header('Set-Cookie', 'b=2', { append: true })
    return c.text((await c.req.text()).toUpperCase(), 201)
  })
  hono.get('/stream', () => new Response(pieces()))
  hono.onError((error, c) => c.text(error.message, 503))
  hono.get('/broken', () => {
    throw new Error('later')
  })
  const { url } = await openForTest(context, {}, { mounts: { '/web': fromFetch(hono.fetch) } })
  const hello = await fetch(`${url}/web/hello/Asha`, { headers: { 'User-Agent': 'test' } })
  assert.deepEqual(await hello.json(), { hello: 'Asha', agent: 'test' })
  assert.equal(hello.headers.get('x-content-type-options'), 'nosniff')
  const echoed = await fetch(`${url}/web/echo`, { method: 'POST', body: 'chai' })
  assert.equal(echoed.status, 201)
  assert.equal(await echoed.text(), 'CHAI')
  assert.deepEqual(echoed.headers.getSetCookie(), ['a=1', 'b=2'])
  assert.equal(await (await fetch(`${url}/web/stream`)).text(), 'one two ')
  assert.equal((await fetch(`${url}/web/broken`)).status, 503)
  assert.equal((await fetch(`${url}/web/nothing`)).status, 404)
  const head = await fetch(`${url}/web/hello/Asha`, { method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.equal(await head.text(), '')
})

function pieces(): ReadableStream<Uint8Array> {
  const words = ['one ', 'two ']
  return new ReadableStream({
    pull(controller) {
      const word = words.shift()
      if (word === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(word))
    },
  })
}

test('a web-standard handler is the handler of a route, and a handler may return a Response', async (context) => {
  const { url } = await openForTest(context, {
    web: visitor.post(
      '/web',
      fromFetch(async (request) => Response.json({ url: new URL(request.url).pathname, body: await request.json() })),
    ),
    made: visitor.get('/made', () => new Response(null, { status: 204, headers: { 'X-Made': 'yes' } })),
    asked: visitor.get('/asked', ({ webRequest }) => ({ url: webRequest.url, method: webRequest.method })),
  })
  const web = await fetch(`${url}/web`, { method: 'POST', body: '{"n":1}' })
  assert.deepEqual(await web.json(), { url: '/web', body: { n: 1 } })
  const made = await fetch(`${url}/made`)
  assert.equal(made.status, 204)
  assert.equal(made.headers.get('x-made'), 'yes')
  assert.deepEqual(await (await fetch(`${url}/asked?a=1`)).json(), { url: `${url}/asked?a=1`, method: 'GET' })
})

test("a caller who leaves aborts the request's signal, and the body that is sent ends", async (context) => {
  const aborted = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<void>()
  const handler = fromFetch((request) => {
    request.signal.addEventListener('abort', () => aborted.resolve())
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
        cancel: () => cancelled.resolve(),
      }),
    )
  })
  const { url } = await openForTest(context, {}, { mounts: { '/': handler } })
  const leaving = new AbortController()
  const answer = await fetch(`${url}/endless`, { signal: leaving.signal })
  assert.equal(answer.status, 200)
  leaving.abort()
  await aborted.promise
  await cancelled.promise
})
