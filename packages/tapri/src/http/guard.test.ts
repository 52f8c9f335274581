import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { openForTest, visitor } from './open.fixture.ts'

const routes = {
  hello: visitor.get('/hello', () => ({ hello: 'world' })),
  one: visitor.get('/things/:id', ({ params }) => params),
  make: visitor.post('/things', () => ({ made: true })),
}
const host = 'Host: localhost'

// name, the request's head and body, status, code
const refused: readonly (readonly [string, string, number, string])[] = [
  ['two Host headers', `GET /hello HTTP/1.1\r\n${host}\r\nHost: evil.example\r\n\r\n`, 400, 'TAPRI_HTTP_REQUEST'],
  ['no Host header', 'GET /hello HTTP/1.1\r\n\r\n', 400, 'TAPRI_HTTP_REQUEST'],
  ['a Host header with a path', 'GET /hello HTTP/1.1\r\nHost: localhost/evil\r\n\r\n', 400, 'TAPRI_HTTP_REQUEST'],
  ['a Host header with a user', 'GET /hello HTTP/1.1\r\nHost: me@localhost\r\n\r\n', 400, 'TAPRI_HTTP_REQUEST'],
  ['a URL of another host', `GET http://evil.example/hello HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'TAPRI_HTTP_REQUEST'],
  ['a URL with a user', `GET http://me@localhost/hello HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'TAPRI_HTTP_REQUEST'],
  ['a URL whose query holds a path', `GET http://localhost?x=/hello HTTP/1.1\r\n${host}\r\n\r\n`, 404, 'TAPRI_HTTP_NO_ROUTE'],
  ['a GET of the whole server', `GET * HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'TAPRI_HTTP_REQUEST'],
  ['a URL that is no http', `GET ftp://localhost/hello HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'TAPRI_HTTP_REQUEST'],
  ['101 headers', `GET /hello HTTP/1.1\r\n${host}\r\n${'x-a: 1\r\n'.repeat(100)}\r\n`, 431, 'TAPRI_HTTP_HEADERS_TOO_LARGE'],
  [
    'headers of 20 kB',
    `GET /hello HTTP/1.1\r\n${host}\r\nx-a: ${'a'.repeat(20_000)}\r\n\r\n`,
    431,
    'TAPRI_HTTP_HEADERS_TOO_LARGE',
  ],
  ['a URL over 8 kB', `GET /hello?${'a'.repeat(8200)} HTTP/1.1\r\n${host}\r\n\r\n`, 414, 'TAPRI_HTTP_URL_TOO_LONG'],
  [
    'chunks in HTTP/1.0',
    `POST /things HTTP/1.0\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    'TAPRI_HTTP_REQUEST',
  ],
  ['a GET with a body', `GET /hello HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\n\r\n{}`, 400, 'TAPRI_HTTP_BODY'],
  ['a GET with chunks', `GET /hello HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'TAPRI_HTTP_BODY'],
  ['a __proto__ header', `GET /hello HTTP/1.1\r\n${host}\r\n__proto__: x\r\n\r\n`, 400, 'TAPRI_HTTP_REQUEST'],
  [
    'both ways to say how long',
    `POST /things HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    'TAPRI_HTTP_REQUEST',
  ],
  [
    'two lengths',
    `POST /things HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    400,
    'TAPRI_HTTP_REQUEST',
  ],
  ['a length with a sign', `POST /things HTTP/1.1\r\n${host}\r\nContent-Length: +3\r\n\r\nabc`, 400, 'TAPRI_HTTP_REQUEST'],
  ['a bare line feed', `GET /hello HTTP/1.1\n${host}\n\n`, 400, 'TAPRI_HTTP_REQUEST'],
  ['a space before the colon', `GET /hello HTTP/1.1\r\nHost : localhost\r\n\r\n`, 400, 'TAPRI_HTTP_REQUEST'],
  ['a folded header', `GET /hello HTTP/1.1\r\n${host}\r\nx-a: 1\r\n 2\r\n\r\n`, 400, 'TAPRI_HTTP_REQUEST'],
  ['garbage', '\x16\x03\x01\x02garbage\r\n\r\n', 400, 'TAPRI_HTTP_REQUEST'],
  ['an unknown expectation', `POST /things HTTP/1.1\r\n${host}\r\nExpect: 200-maybe\r\n\r\n`, 417, 'TAPRI_HTTP_EXPECTATION'],
  ['broken escapes', `GET /things/%zz HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'TAPRI_HTTP_PATH'],
  ['NUL in the path', `GET /things/a%00b HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'TAPRI_HTTP_PATH'],
  ['dot segments', `GET /things/../hello HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'TAPRI_HTTP_PATH'],
]

test('what two readers could understand differently is refused with a problem document', async (t) => {
  const { raw, url } = await openForTest(t, routes)
  for (const [name, request, status, code] of refused) {
    // Connection: close ends what the server itself would keep open
    const answer = await raw(request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), name)
    assert.match(answer, /content-type: application\/problem\+json/i, name)
    assert.match(answer, new RegExp(`"code":"${code}"`), name)
  }
  assert.equal((await fetch(`${url}/hello`)).status, 200)
})

test('a whole URL that names our host, an HTTP/1.0 request and an IPv6 host are answered', async (t) => {
  const { raw } = await openForTest(t, routes)
  const close = 'Connection: close\r\n\r\n'
  assert.match(await raw(`GET http://localhost/hello HTTP/1.1\r\n${host}\r\n${close}`), /^HTTP\/1.1 200 /)
  assert.match(await raw('GET /hello HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200 /)
  assert.match(await raw(`GET /hello HTTP/1.1\r\nHost: [::1]:3000\r\n${close}`), /^HTTP\/1.1 200 /)
  assert.match(await raw(`OPTIONS * HTTP/1.1\r\n${host}\r\n${close}`), /^HTTP\/1.1 204 [\s\S]*Allow: GET, HEAD, POST, OPTIONS/)
})

test('a broken request behind a good one gets its own answer, after the good one', async (t) => {
  const { raw } = await openForTest(t, routes)
  const answer = await raw(`GET /hello HTTP/1.1\r\n${host}\r\n\r\nGARBAGE\r\n\r\n`)
  assert.match(answer, /^HTTP\/1.1 200 [\s\S]*\{"hello":"world"\}HTTP\/1.1 400 /)
})

test('a body whose chunks are malformed is refused', async (t) => {
  const { raw, entries } = await openForTest(t, { ...routes, echo: visitor.post('/echo', { body: {} }, () => 'echo') })
  for (const chunk of ['-1\r\n', ' 3\r\nabc\r\n', 'zz\r\n', `3;${'x'.repeat(70_000)}\r\nabc\r\n`]) {
    const answer = await raw(
      `POST /echo HTTP/1.1\r\n${host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
    )
    assert.match(answer, /^HTTP\/1\.1 4(?:00|13) [\s\S]*application\/problem\+json/)
    assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1)
  }
  assert.deepEqual(entries, [])
})

test('every answer has the security headers and none names the server', async (t) => {
  const { url } = await openForTest(t, { ...routes, page: visitor.get('/page', ({ reply }) => reply.html('<h1>Kites</h1>')) })
  for (const path of ['/hello', '/nothing', '/page']) {
    const { headers } = await fetch(url + path)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.equal(headers.get('referrer-policy'), 'strict-origin-when-cross-origin')
    assert.equal(headers.get('x-powered-by'), null)
    assert.equal(headers.get('server'), null)
    assert.equal(headers.get('strict-transport-security'), null)
  }
  const page = await fetch(`${url}/page`)
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self';.*frame-ancestors 'none'/)
})

test('browsers are told to come by https only in production behind https', async (t) => {
  const { url } = await openForTest(t, routes, { production: true, publicUrl: 'https://tube.example' })
  assert.match((await fetch(`${url}/hello`)).headers.get('strict-transport-security') ?? '', /^max-age=31536000/)
  const plain = await openForTest(t, routes, { production: true, publicUrl: 'http://tube.example' })
  assert.equal((await fetch(`${plain.url}/hello`)).headers.get('strict-transport-security'), null)
})

test('slow headers are cut after ten seconds, and looked for each second', async (t) => {
  const { http } = await openForTest(t, routes, { server: 'node' })
  assert.equal(http.server.headersTimeout, 10_000)
  assert.equal(http.server.requestTimeout, 0)
})

test('who does not take an answer is ended when nothing has moved for a minute, who waits for one is not', async (t) => {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<string>()
  const { http, url } = await openForTest(
    t,
    {
      large: visitor.get('/large', () => Buffer.alloc(30_000_000)),
      later: visitor.get('/later', () => {
        asked.resolve()
        return answer.promise
      }),
    },
    { server: 'node' },
  )
  assert.equal(http.server.timeout, 60_000)
  const lines: Socket[] = []
  http.server.on('connection', (line) => lines.push(line))
  const waiting = fetch(`${url}/later`)
  await asked.promise
  const taker = connect(Number(new URL(url).port), '127.0.0.1').pause()
  taker.on('error', () => {})
  taker.write(`GET /large HTTP/1.1\r\n${host}\r\n\r\n`)
  await once(http.server, 'request')
  for (const line of lines) line.emit('timeout')
  assert.deepEqual(
    lines.map(({ destroyed }) => destroyed),
    [false, true],
  )
  taker.destroy()
  answer.resolve('worth it')
  assert.equal(await (await waiting).text(), 'worth it')
})
