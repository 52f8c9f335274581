import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { encodeWire, wireType } from '../kit/wire.ts'
import { int, list, optional, text, time } from '../schema/index.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'

const thing = { title: text({ min: 1, max: 20 }), size: int({ default: 1 }), tags: optional(list(text())) }
const routes = {
  make: visitor.post('/things', { body: thing }, ({ body }) => body),
  at: visitor.post('/at', { body: { at: time() } }, ({ body }) => ({ at: body.at, isDate: body.at instanceof Date })),
  maybe: visitor.post('/maybe', { body: { note: optional(text()) } }, ({ body }) => body),
  ping: visitor.post('/ping', ({ bodyBytes }) => `pong ${bodyBytes.length}`),
}
const json = 'application/json'

test('a JSON body is read, checked and given to the handler', async (t) => {
  const { url } = await openForTest(t, routes)
  const post = (path: string, type: string, body: string) =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': type }, body })
  const made = await post('/things', json, '{"title":"Kites","tags":["a"]}')
  assert.deepEqual([made.status, await made.json()], [200, { title: 'Kites', size: 1, tags: ['a'] }])
  for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON;charset="UTF-8"', 'application/merge-patch+json']) {
    assert.equal((await post('/things', type, '{"title":"Kites"}')).status, 200, type)
  }
  const wire = await post('/at', wireType, encodeWire({ at: new Date(5) }))
  assert.deepEqual(await wire.json(), { at: '1970-01-01T00:00:00.005Z', isDate: true })
})

test('an HTML form is read with its words converted', async (t) => {
  const { url } = await openForTest(t, routes)
  const body = new URLSearchParams([
    ['title', 'Kites & co'],
    ['size', '3'],
    ['tags', 'a'],
    ['tags', 'b'],
  ])
  const made = await fetch(`${url}/things`, { method: 'POST', body })
  assert.deepEqual(await made.json(), { title: 'Kites & co', size: 3, tags: ['a', 'b'] })
  const twice = await fetch(`${url}/things`, {
    method: 'POST',
    body: new URLSearchParams([
      ['title', 'a'],
      ['title', 'b'],
    ]),
  })
  assert.deepEqual((await problemIn(twice)).issues, [{ path: ['title'], message: 'must be text, not a list' }])
})

// name, content type, body, status, code
const bad: readonly (readonly [string, string, string | Uint8Array<ArrayBuffer>, number, string])[] = [
  ['malformed JSON', json, '{"title":', 400, 'TAPRI_KIT_JSON'],
  ['JSON with something behind', json, '{"title":"a"} x', 400, 'TAPRI_KIT_JSON'],
  ['a key that reaches the prototype', json, '{"title":"a","__proto__":{"admin":true}}', 400, 'TAPRI_KIT_JSON'],
  ['the same with an escape', json, '{"title":"a","\\u005f_proto__":{"admin":true}}', 400, 'TAPRI_KIT_JSON'],
  ['a constructor', json, '{"title":"a","constructor":{"prototype":{}}}', 400, 'TAPRI_KIT_JSON'],
  ['deep nesting', json, `${'['.repeat(5000)}${']'.repeat(5000)}`, 400, 'TAPRI_KIT_JSON'],
  ['what is not UTF-8', json, new Uint8Array([0x22, 0xff, 0x22]), 400, 'TAPRI_HTTP_BODY'],
  ['a list', json, '[]', 422, 'TAPRI_INVALID'],
  ['null', json, 'null', 422, 'TAPRI_INVALID'],
  ['a wrong type', json, '{"title":7}', 422, 'TAPRI_INVALID'],
  ['an unknown key', json, '{"title":"a","admin":true}', 422, 'TAPRI_INVALID'],
  ['nothing', json, '', 422, 'TAPRI_INVALID'],
  ['plain text', 'text/plain', '{"title":"a"}', 415, 'TAPRI_HTTP_CONTENT_TYPE'],
  ['JSON with garbage in its type', 'application/json garbage', '{"title":"a"}', 415, 'TAPRI_HTTP_CONTENT_TYPE'],
  ['JSON in another charset', 'application/json; charset=utf-16', '{"title":"a"}', 415, 'TAPRI_HTTP_CONTENT_TYPE'],
  ['a form with files where none is taken', 'multipart/form-data; boundary=x', '--x--', 415, 'TAPRI_HTTP_CONTENT_TYPE'],
  ['a form with broken escapes', 'application/x-www-form-urlencoded', 'title=%zz', 400, 'TAPRI_HTTP_QUERY'],
  ['a form with a prototype', 'application/x-www-form-urlencoded', '__proto__=a', 400, 'TAPRI_HTTP_QUERY'],
  ['a form of too many pairs', 'application/x-www-form-urlencoded', 'a&'.repeat(1001), 400, 'TAPRI_HTTP_QUERY'],
  ['too much', json, `{"title":"${'a'.repeat(70_000)}"}`, 413, 'TAPRI_HTTP_TOO_LARGE'],
]

test('a bad body gets its status and code, and the server goes on', async (t) => {
  const { url, entries } = await openForTest(t, routes, { limits: { body: '64kb' } })
  for (const [name, type, body, status, code] of bad) {
    const response = await fetch(`${url}/things`, { method: 'POST', headers: { 'content-type': type }, body })
    const problem = await problemIn(response)
    assert.deepEqual([response.status, problem.code, problem.contentType], [status, code, 'application/problem+json'], name)
  }
  assert.deepEqual(entries, [])
})

test('a body without a type is refused, a compressed one too', async (t) => {
  const { raw } = await openForTest(t, routes)
  const head = 'POST /things HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n'
  assert.match(await raw(`${head}\r\n{}`), /^HTTP\/1.1 415 /)
  assert.match(await raw(`${head}Content-Type: ${json}\r\nContent-Encoding: gzip\r\n\r\n{}`), /^HTTP\/1.1 415 /)
})

test('an absent body is an empty one: what it lacks is listed, and nothing is lacking where all is optional', async (t) => {
  const { url } = await openForTest(t, routes)
  const lacking = await problemIn(await fetch(`${url}/things`, { method: 'POST' }))
  assert.deepEqual(lacking.issues, [{ path: ['title'], message: 'is required' }])
  assert.deepEqual(await (await fetch(`${url}/maybe`, { method: 'POST' })).json(), { note: null })
})

test('a sender that is refused while it sends still reads why', async (t) => {
  const { url } = await openForTest(t, routes)
  const response = await fetch(`${url}/things`, {
    method: 'POST',
    headers: { 'content-type': json },
    body: Buffer.alloc(20_000_000, 'a'),
  })
  assert.equal(response.status, 413)
  assert.equal((await problemIn(response)).code, 'TAPRI_HTTP_TOO_LARGE')
})

test('a route that declares no body gets it as it came', async (t) => {
  const { url } = await openForTest(t, routes)
  const response = await fetch(`${url}/ping`, { method: 'POST', body: 'hello', headers: { 'content-type': 'a/b' } })
  assert.equal(await response.text(), 'pong 5')
  assert.equal(await (await fetch(`${url}/ping`, { method: 'POST' })).text(), 'pong 0')
})

test('a sender that leaves in the middle of a body ends nothing but its own request', async (t) => {
  const { url, entries } = await openForTest(t, routes)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(`POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: ${json}\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n`)
  await new Promise((resolve) => socket.once('data', resolve))
  socket.write('{"title"')
  socket.resetAndDestroy()
  assert.equal((await fetch(`${url}/ping`, { method: 'POST' })).status, 200)
  assert.deepEqual(entries, [])
})
