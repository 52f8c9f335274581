import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import helmet from 'helmet'
import { fromExpress } from '../connect.ts'
import { openForTest, visitor } from '../open.fixture.ts'

const isNode = process.versions.bun === undefined && !('Deno' in globalThis)
/** Node has no other server than node:http, so there is nothing to claim there. */
function testOwn(claim: string, work: (t: TestContext) => Promise<void>): void {
  if (!isNode) test(claim, work)
}

const onNode = isNode ? false : 'this is not Node'

const hi = visitor.get('/hi', () => 'hi')
const host = 'Host: localhost'

testOwn('the server of the runtime itself answers, and its server of node:http is not to be had', async (t) => {
  const { http, url } = await openForTest(t, { hi })
  assert.equal(await (await fetch(`${url}/hi`)).text(), 'hi')
  assert.throws(() => http.server, { code: 'TAPRI_HTTP_SERVER' })
})

testOwn('an app that asks for it is served by node:http', async (t) => {
  const { http, url } = await openForTest(t, { hi }, { server: 'node' })
  assert.equal(await (await fetch(`${url}/hi`)).text(), 'hi')
  assert.equal(http.server.listening, true)
})

testOwn('an app with Express middleware is served by node:http, and the log says why', async (t) => {
  const safe = visitor.use(fromExpress(helmet())).get('/safe', () => 'safe')
  const { http, url, entries } = await openForTest(t, { safe })
  const { headers } = await fetch(`${url}/safe`)
  assert.equal(headers.get('x-dns-prefetch-control'), 'off')
  assert.equal(http.server.listening, true)
  const told = 'Serving by node:http, not by the faster server of this runtime: "things.safe" uses Express middleware'
  assert.deepEqual(
    entries.map(({ message }) => message),
    [told],
  )
})

test('Node serves by node:http without a word', { skip: onNode }, async (t) => {
  const { http, url, entries } = await openForTest(t, { safe: visitor.use(fromExpress(helmet())).get('/safe', () => 'safe') })
  assert.equal(await (await fetch(`${url}/safe`)).text(), 'safe')
  assert.equal(http.server.listening, true)
  assert.deepEqual(entries, [])
})

// name, the request, status, code: what the servers of both runtimes let through
const refused: readonly (readonly [string, string, number, string])[] = [
  ['a Host header with a path', 'GET /hi HTTP/1.1\r\nHost: localhost/evil\r\n\r\n', 400, 'TAPRI_HTTP_REQUEST'],
  ['a Host header with a user', 'GET /hi HTTP/1.1\r\nHost: me@localhost\r\n\r\n', 400, 'TAPRI_HTTP_REQUEST'],
  ['a URL over 8 kB', `GET /hi?${'a'.repeat(8200)} HTTP/1.1\r\n${host}\r\n\r\n`, 414, 'TAPRI_HTTP_URL_TOO_LONG'],
  ['a GET with a body', `GET /hi HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\n\r\n{}`, 400, 'TAPRI_HTTP_BODY'],
  ['a GET with chunks', `GET /hi HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'TAPRI_HTTP_BODY'],
  ['a __proto__ header', `GET /hi HTTP/1.1\r\n${host}\r\n__proto__: x\r\n\r\n`, 400, 'TAPRI_HTTP_REQUEST'],
  ['an unknown expectation', `POST /hi HTTP/1.1\r\n${host}\r\nExpect: 200-maybe\r\n\r\n`, 417, 'TAPRI_HTTP_EXPECTATION'],
  [
    'two lengths that agree',
    `POST /hi HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}`,
    400,
    'TAPRI_HTTP_REQUEST',
  ],
  ['broken escapes', `GET /hi/%zz HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'TAPRI_HTTP_PATH'],
  ['NUL in the path', `GET /hi/a%00b HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'TAPRI_HTTP_PATH'],
]

testOwn('what the runtime lets through is judged as it is on Node', async (t) => {
  const { raw } = await openForTest(t, { hi, below: visitor.get('/hi/:id', ({ params }) => params) })
  for (const [name, request, status, code] of refused) {
    const answer = await raw(request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), name)
    assert.match(answer, new RegExp(`"code":"${code}"`), name)
  }
})

const malformed: readonly (readonly [string, string])[] = [
  ['two Host headers', `POST /made HTTP/1.1\r\n${host}\r\nHost: evil.example\r\n`],
  ['no Host header', 'POST /made HTTP/1.1\r\n'],
  ['headers of 20 kB', `POST /made HTTP/1.1\r\n${host}\r\nx-a: ${'a'.repeat(20_000)}\r\n`],
  ['chunks in HTTP/1.0', `POST /made HTTP/1.0\r\n${host}\r\nTransfer-Encoding: chunked\r\n`],
  ['both ways to say how long', `POST /made HTTP/1.1\r\n${host}\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n`],
  ['two lengths', `POST /made HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n`],
  ['a length with a sign', `POST /made HTTP/1.1\r\n${host}\r\nContent-Length: +3\r\n`],
  ['a space before the colon', `POST /made HTTP/1.1\r\nHost : localhost\r\n`],
  ['a folded header', `POST /made HTTP/1.1\r\n${host}\r\nx-a: 1\r\n 2\r\n`],
]

testOwn('what two readers could understand differently is refused before a handler hears of it', async (t) => {
  let calls = 0
  const made = visitor.post('/made', () => {
    calls++
    return 'made'
  })
  const { raw } = await openForTest(t, { made })
  for (const [name, head] of malformed) assert.match(await raw(`${head}Connection: close\r\n\r\n`), /^HTTP\/1.1 4\d\d /, name)
  assert.equal(calls, 0)
})

testOwn('the address of a caller is that of its connection', async (t) => {
  const where = visitor.get('/where', ({ ip, request }) => [ip, typeof request.socket.remotePort, request.socket.localAddress])
  const { url } = await openForTest(t, { where })
  assert.deepEqual(await (await fetch(`${url}/where`)).json(), ['127.0.0.1', 'number', '127.0.0.1'])
})
