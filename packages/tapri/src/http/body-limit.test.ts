import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { text } from '../schema/index.ts'
import { openForTest, visitor } from './open.fixture.ts'

const routes = {
  make: visitor.post('/things', { body: { title: text() } }, ({ body }) => body),
  ping: visitor.post('/ping', ({ bodyBytes }) => `pong ${bodyBytes.length}`),
}
const json = 'application/json'

test('a body larger than the limit is refused before it is read, or as soon as it grows over it', async (t) => {
  const { raw } = await openForTest(t, routes, { limits: { body: '1kb' } })
  const head = `POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: ${json}\r\n`
  const announced = await raw(`${head}Content-Length: 5000000\r\n\r\n{"title":"`)
  assert.match(announced, /^HTTP\/1.1 413 [\s\S]*Connection: close[\s\S]*TAPRI_HTTP_TOO_LARGE/)
  const chunk = `400\r\n${'a'.repeat(1024)}\r\n`
  const grown = await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`)
  assert.match(grown, /^HTTP\/1.1 413 [\s\S]*Connection: close/)
  const unasked = await raw(`POST /ping HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`)
  assert.match(unasked, /^HTTP\/1.1 413 /)
})

test('a sender that asks first is told to go on only when its body is wanted', async (t) => {
  const { raw } = await openForTest(t, routes, { limits: { body: '1kb' } })
  const head = `POST /things HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${json}\r\nExpect: 100-continue\r\n`
  const wanted = await raw(`${head}Content-Length: 13\r\n\r\n{"title":"a"}`)
  assert.match(wanted, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /)
  const unwanted = await raw(`${head}Content-Length: 5000\r\n\r\n`)
  assert.match(unwanted, /^HTTP\/1.1 413 /)
})

test('a body that hardly comes is cut after five seconds', async (t) => {
  const clock = manualClock()
  const { url } = await openForTest(t, routes, { clock })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(`POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: ${json}\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n`)
  // The go-ahead shows that the body is being waited for
  await new Promise((resolve) => socket.once('data', resolve))
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
    clock.advance(1000)
  })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  clock.advance(6000)
  await closed
  assert.match(text, /^HTTP\/1.1 408 [\s\S]*TAPRI_HTTP_TIMEOUT/)
})
