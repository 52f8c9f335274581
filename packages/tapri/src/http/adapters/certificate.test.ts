import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { type TestContext, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { manualClock } from '../../kit/clock.ts'
import { openForTest, visitor } from '../open.fixture.ts'
import { selfSigned, withoutOpenssl } from './certificate.fixture.ts'

const skip = withoutOpenssl
const hi = visitor.get('/hi', () => 'hi')

async function openFollowed(t: TestContext, { http2 = false } = {}) {
  const clock = manualClock()
  const used = selfSigned(t)
  const next = selfSigned(t)
  const tried = await openForTest(t, { hi }, { tls: used, http2, clock })
  const port = Number(new URL(tried.url).port)
  const renew = () => {
    copyFileSync(next.key, used.key)
    copyFileSync(next.cert, used.cert)
  }
  const events = () => tried.entries.flatMap(({ event }) => (event?.startsWith('http.certificate.') ? [event] : []))
  /** Whether a new connection is given the certificate that these vouch for. */
  const isGiven = async (ca: Buffer): Promise<boolean> => {
    const socket = connect({ port, host: '127.0.0.1', ca })
    const isTrusted = await new Promise<boolean>((resolve) => {
      socket.once('secureConnect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    return isTrusted
  }
  return { ...tried, clock, used, next, renew, events, isGiven, port }
}

for (const http2 of [false, true]) {
  test(`a renewed certificate is given to new connections within ten seconds, over HTTP/${http2 ? 2 : 1.1}`, {
    skip,
  }, async (t) => {
    const { clock, used, next, renew, events, isGiven } = await openFollowed(t, { http2 })
    renew()
    assert.deepEqual([await isGiven(used.ca), await isGiven(next.ca)], [true, false])
    clock.advance(10_000)
    assert.deepEqual([await isGiven(used.ca), await isGiven(next.ca)], [false, true])
    assert.deepEqual(events(), ['http.certificate.renewed'])
    clock.advance(60_000)
    assert.equal(events().length, 1)
  })
}

test('connections that are there when the certificate is renewed go on', { skip }, async (t) => {
  const { clock, used, renew, url, port } = await openFollowed(t, { http2: true })
  const session = connectHttp2(url, { ca: used.ca })
  const socket = connect({ port, host: '127.0.0.1', ca: used.ca })
  t.after(() => [session, socket].map((each) => each.destroy()))
  await Promise.all([once(session, 'connect'), once(socket, 'secureConnect')])
  renew()
  clock.advance(10_000)
  const stream = session.request({ ':path': '/hi' })
  assert.equal((await once(stream, 'response'))[0][':status'], 200)
  stream.resume()
  assert.match(await answerOn(socket), /^HTTP\/1\.1 200 /)
})

test('files that do not belong together, or are gone, change nothing and are told of once', { skip }, async (t) => {
  const { clock, used, next, renew, events, isGiven } = await openFollowed(t)
  copyFileSync(next.key, used.key)
  clock.advance(30_000)
  assert.deepEqual(events(), ['http.certificate.refused'])
  writeFileSync(used.cert, 'half a certif')
  clock.advance(10_000)
  rmSync(used.key)
  clock.advance(20_000)
  assert.deepEqual(events(), Array(3).fill('http.certificate.refused'))
  assert.equal(await isGiven(used.ca), true)
  renew()
  clock.advance(10_000)
  assert.equal(events().at(-1), 'http.certificate.renewed')
  assert.equal(await isGiven(next.ca), true)
})

test('a server that has stopped looks at its files no more', { skip }, async (t) => {
  const { clock, http, renew, events } = await openFollowed(t)
  const stopped = http.stop()
  clock.advance(1000)
  await stopped
  renew()
  clock.advance(60_000)
  assert.deepEqual(events(), [])
})

async function answerOn(socket: TLSSocket): Promise<string> {
  socket.write('GET /hi HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [chunk] = await once(socket, 'data')
  return String(chunk)
}
