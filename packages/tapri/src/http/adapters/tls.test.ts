import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { get, request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import helmet from 'helmet'
import { manualClock } from '../../kit/clock.ts'
import { silentLog } from '../../observe/index.ts'
import { text } from '../../schema/index.ts'
import { fromExpress } from '../connect.ts'
import { HttpContext } from '../context.ts'
import { openForTest, visitor } from '../open.fixture.ts'
import { type HttpOptions, openHttp } from '../server.ts'
import type { Route } from '../types.ts'
import { selfSigned, withoutOpenssl } from './certificate.fixture.ts'

const skip = withoutOpenssl

async function openTls(t: TestContext, routes: Record<string, Route<string, any, any>>, options: Partial<HttpOptions> = {}) {
  const { ca, key, cert } = selfSigned(t)
  const tried = await openForTest(t, routes, { tls: { key, cert }, http2: true, ...options })
  const session = () => {
    const opened = connect(tried.url, { ca })
    t.after(() => opened.destroy())
    return opened
  }
  return { ...tried, ca, session }
}

async function ask(session: ClientHttp2Session, headers: Record<string, string>, body?: string) {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  const answered: IncomingHttpHeaders = (await once(stream, 'response'))[0]
  let all = ''
  for await (const chunk of stream.setEncoding('utf8')) all += chunk
  return { status: Number(answered[':status']), headers: answered, text: all }
}

function askHttps(url: string, ca: Buffer): Promise<{ readonly headers: Record<string, unknown>; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { ca, agent: false }, async (response) => {
      let all = ''
      for await (const chunk of response.setEncoding('utf8')) all += chunk
      resolve({ headers: response.headers, text: all })
    })
    request.on('error', reject)
  })
}

const hi = visitor.get('/hi', () => 'hi')

test('over TLS requests know that they came so, and in production browsers are told to come by no other way', {
  skip,
}, async (t) => {
  const where = visitor.get('/where', ({ webRequest }) => webRequest.url)
  const { url, ca } = await openTls(t, { where }, { http2: false, production: true })
  const { headers, text: body } = await askHttps(`${url}/where`, ca)
  assert.match(url, /^https:/)
  assert.equal(body, `${url}/where`)
  assert.match(String(headers['strict-transport-security']), /max-age/)
})

test('routes answer over HTTP/2 as they do over HTTP/1.1', { skip }, async (t) => {
  const { session, url } = await openTls(t, {
    hi,
    made: visitor.post('/made', { body: { title: text({ min: 1 }) } }, ({ body, reply }) => {
      reply.status(201).cookie('a', '1').cookie('b', '2')
      return body
    }),
    stream: visitor.get('/stream', ({ reply }) => reply.stream(Readable.from(['a'.repeat(200_000), 'b']), { size: 200_001 })),
    where: visitor.get('/where', ({ webRequest }) => webRequest.url),
  })
  const open = session()
  const whole = await ask(open, { ':path': '/hi' })
  assert.deepEqual([whole.status, whole.text, whole.headers.connection], [200, 'hi', undefined])
  assert.equal(whole.headers['x-content-type-options'], 'nosniff')
  const same = await ask(open, { ':path': '/hi', 'if-none-match': String(whole.headers.etag) })
  assert.deepEqual([same.status, same.text], [304, ''])
  const head = await ask(open, { ':path': '/hi', ':method': 'HEAD' })
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '2'])
  const post = { ':path': '/made', ':method': 'POST', 'content-type': 'application/json' }
  const made = await ask(open, post, '{"title":"Kites"}')
  assert.deepEqual([made.status, made.text, made.headers['set-cookie']?.length], [201, '{"title":"Kites"}', 2])
  assert.equal((await ask(open, post, '{"title":""}')).status, 422)
  assert.equal((await ask(open, { ':path': '/hi' }, 'a body')).status, 400)
  const stream = await ask(open, { ':path': '/stream' })
  assert.equal(stream.text.length, 200_001)
  assert.equal((await ask(open, { ':path': '/where' })).text, `${url}/where`)
  assert.equal((await ask(open, { ':path': '/nowhere' })).status, 404)
})

test('Express middleware runs around routes over HTTP/2 too', { skip }, async (t) => {
  const { session } = await openTls(t, {
    hi: visitor.use(fromExpress(helmet())).get('/hi', ({ reply }) => reply.cookie('a', '1').text('hi')),
  })
  const { status, headers, text: body } = await ask(session(), { ':path': '/hi' })
  assert.deepEqual([status, body, headers['x-dns-prefetch-control'], headers['set-cookie']?.length], [200, 'hi', 'off', 1])
})

test('a request over HTTP/2 that names two hosts is refused', { skip }, async (t) => {
  const { session } = await openTls(t, { hi })
  const refused = await ask(session(), { ':path': '/hi', ':authority': 'a.example', host: 'b.example' })
  assert.equal(refused.status, 400)
  assert.match(refused.text, /two Host headers/)
})

test('the server that speaks HTTP/2 speaks HTTP/1.1 too, and changes protocols there', { skip }, async (t) => {
  const { url, ca, http } = await openTls(t, { hi })
  http.onUpgrade('/live', (_request, socket) =>
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello'),
  )
  assert.equal((await askHttps(`${url}/hi`, ca)).text, 'hi')
  const request = httpsRequest(`${url}/live`, { ca, agent: false, headers: { Connection: 'Upgrade', Upgrade: 'echo' } }).end()
  const [response, socket, first] = await once(request, 'upgrade')
  assert.equal(response.statusCode, 101)
  assert.equal(String(first.length > 0 ? first : (await once(socket, 'data'))[0]), 'hello')
  const plain = httpsRequest(`${url}/hi`, { ca, agent: false, headers: { Connection: 'Upgrade', Upgrade: 'echo' } }).end()
  assert.equal((await once(plain, 'response'))[0].statusCode, 200)
})

test('a handler is told when its caller over HTTP/2 leaves', { skip }, async (t) => {
  const entered = Promise.withResolvers<void>()
  const left = Promise.withResolvers<void>()
  const wait = visitor.get('/wait', ({ signal }) => {
    signal.addEventListener('abort', () => left.resolve())
    entered.resolve()
    return left.promise
  })
  const { session } = await openTls(t, { wait })
  const stream = session().request({ ':path': '/wait' })
  stream.on('error', () => {})
  await entered.promise
  stream.close(8)
  await left.promise
})

test('an HTTP/2 connection on which nothing moves takes leave, and who waits for an answer gets it', { skip }, async (t) => {
  const entered = Promise.withResolvers<void>()
  const open = Promise.withResolvers<string>()
  const wait = visitor.get('/wait', () => {
    entered.resolve()
    return open.promise
  })
  const { session, http } = await openTls(t, { wait })
  const begun = once(http.server, 'session')
  const busy = session()
  const closed = once(busy, 'close')
  const answer = ask(busy, { ':path': '/wait' })
  await entered.promise
  const [ours] = await begun
  // as node does after a minute without a byte
  ours.emit('timeout')
  open.resolve('done')
  assert.deepEqual([(await answer).status, (await answer).text], [200, 'done'])
  await closed
})

test('stopping answers what is in flight over HTTP/2 and takes leave of every connection', { skip }, async (t) => {
  const entered = Promise.withResolvers<void>()
  const open = Promise.withResolvers<string>()
  const wait = visitor.get('/wait', () => {
    entered.resolve()
    return open.promise
  })
  const { session, http } = await openTls(t, { wait, hi })
  const [busy, idle] = [session(), session()]
  await ask(idle, { ':path': '/hi' })
  const answer = ask(busy, { ':path': '/wait' })
  await entered.promise
  const closed = Promise.all([once(idle, 'close'), once(busy, 'close')])
  const stopped = http.stop()
  open.resolve('done')
  assert.deepEqual([(await answer).status, (await answer).text], [200, 'done'])
  await closed
  await stopped
})

test('a TLS connection on which nothing was asked does not keep a server that stops', { skip }, async (t) => {
  const clock = manualClock()
  const { url, ca, http } = await openTls(t, { hi }, { clock, http2: false })
  const accepted = once(http.server, 'secureConnection')
  const silent = connectTls({ port: Number(new URL(url).port), host: '127.0.0.1', ca })
  silent.on('error', () => {}).resume()
  await accepted
  const stopped = http.stop()
  clock.advance(1000)
  await stopped
  await once(silent, 'close')
})

test('files that hold no key or certificate are refused at start, by name', { skip }, (t) => {
  const one = selfSigned(t)
  const other = selfSigned(t)
  const open = (tls: { key: string; cert: string }) => () =>
    openHttp({ routes: [], Context: HttpContext, log: silentLog, production: false, tls })
  assert.throws(open({ key: '/nowhere/key.pem', cert: one.cert }), {
    code: 'TAPRI_HTTP_TLS',
    message:
      'Cannot serve over TLS: the key "/nowhere/key.pem" cannot be read (ENOENT); set TLS_KEY and TLS_CERT to PEM files that belong together',
  })
  assert.throws(open({ key: one.key, cert: other.cert }), { code: 'TAPRI_HTTP_TLS' })
})

test('an Express app is not mounted in a server that speaks HTTP/2, which Express does not', { skip }, (t) => {
  const { key, cert } = selfSigned(t)
  const options = { routes: [], Context: HttpContext, log: silentLog, production: false, tls: { key, cert }, http2: true }
  const mounts = { '/old': fromExpress((_request, response) => response.end('old')) }
  assert.throws(() => openHttp({ ...options, mounts }), { code: 'TAPRI_HTTP_PROTOCOL' })
})
