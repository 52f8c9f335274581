import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { silentLog } from '../observe/index.ts'
import { HttpContext } from './context.ts'
import { openForTest, visitor } from './open.fixture.ts'
import { openHttp } from './server.ts'

function gate() {
  const entered = Promise.withResolvers<void>()
  const open = Promise.withResolvers<string>()
  const route = visitor.get('/wait', () => {
    entered.resolve()
    return open.promise
  })
  return { route, entered: entered.promise, open: () => open.resolve('done') }
}

test('stopping lets a request in flight finish, closes its connection, and accepts no more', async (t) => {
  const { route, entered, open } = gate()
  const { url, http } = await openForTest(t, { wait: route })
  const answer = fetch(`${url}/wait`)
  await entered
  const stopped = http.stop()
  await assert.rejects(fetch(`${url}/wait`))
  open()
  const response = await answer
  assert.equal(await response.text(), 'done')
  assert.equal(response.headers.get('connection'), 'close')
  await stopped
})

test('a request that comes on a kept connection while stopping is still answered', async (t) => {
  const clock = manualClock()
  const { url, http } = await openForTest(t, { hi: visitor.get('/hi', () => 'hi') }, { clock })
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const ask = () =>
    new Promise<string | undefined>((resolve, reject) => {
      httpRequest(`${url}/hi`, { agent }, (response) => {
        response.resume().once('end', () => resolve(response.headers.connection))
      })
        .once('error', reject)
        .end()
    })
  assert.equal(await ask(), 'keep-alive')
  const stopped = http.stop()
  assert.equal(await ask(), 'close')
  await stopped
})

test('idle connections are closed after a second of grace, those on which nothing was ever asked too', async (t) => {
  const clock = manualClock()
  const { url, http } = await openForTest(t, { hi: visitor.get('/hi', () => 'hi') }, { clock, server: 'node' })
  const port = Number(new URL(url).port)
  const idle = connect(port, '127.0.0.1')
  idle.write('GET /hi HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(idle, 'data')
  const silent = connect(port, '127.0.0.1')
  await once(silent, 'connect')
  // Both ends must know of the connection before the server stops to accept
  while ((await new Promise<number>((resolve) => http.server.getConnections((_error, count) => resolve(count)))) < 2) {}
  const bothClosed = Promise.all([
    once(idle, 'close'),
    once(
      silent.on('error', () => undefined),
      'close',
    ),
  ])
  idle.resume()
  silent.resume()
  const stopped = http.stop()
  clock.advance(1000)
  await bothClosed
  await stopped
})

test('what is left at the deadline is cut', async (t) => {
  const clock = manualClock()
  const { route, entered } = gate()
  const { url, http } = await openForTest(t, { wait: route }, { clock })
  const answer = fetch(`${url}/wait`)
  answer.catch(() => undefined)
  await entered
  const stopped = http.stop(5000)
  clock.advance(5000)
  await stopped
  await assert.rejects(answer)
})

test('stopping twice, or before listening, is no error', async (t) => {
  const { http } = await openForTest(t, {})
  await Promise.all([http.stop(), http.stop()])
  await http.stop()
  await openHttp({ routes: [], Context: HttpContext, log: silentLog, production: false }).stop()
})

test('a port in use is one clear sentence', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const http = openHttp({ routes: [], Context: HttpContext, log: silentLog, production: false })
  await assert.rejects(http.listen({ port, host: '127.0.0.1' }), {
    code: 'TAPRI_HTTP_PORT_IN_USE',
    message: `Cannot listen on port ${port}: another program is using it; stop that one or set PORT to another number`,
  })
  await assert.rejects(http.listen({ port: 0, host: '203.0.113.1' }), { code: 'TAPRI_HTTP_LISTEN' })
})

test('an upgrade goes to who asked for its path; elsewhere the request is answered as any other', async (t) => {
  const { url, http, raw } = await openForTest(t, { hi: visitor.get('/hi', () => 'hi') }, { server: 'node' })
  http.onUpgrade('/live', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nhello'))
  const upgrade = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  assert.match(await raw(`GET /live?x=1 HTTP/1.1\r\n${upgrade}\r\n`), /^HTTP\/1.1 101 [\s\S]*hello$/)
  assert.match(await raw(`GET /live HTTP/1.1\r\nHost: b\r\n${upgrade}\r\n`), /^HTTP\/1.1 400 [\s\S]*TAPRI_HTTP_REQUEST/)
  const plain = await raw(`GET /hi HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`)
  assert.match(plain, /^HTTP\/1.1 200 [\s\S]*hi/)
  assert.equal((await fetch(`${url}/live`)).status, 404)
})
