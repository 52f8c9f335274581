import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openForTest, visitor } from './open.fixture.ts'

test('a caller who has the answer already is told so, and gets the new one when it changes', async (context) => {
  let count = 0
  const { url } = await openForTest(context, { count: visitor.get('/count', () => ({ count })) })
  const first = await fetch(`${url}/count`)
  const etag = first.headers.get('etag') ?? ''
  assert.match(etag, /^W\/"[\w-]+"$/)
  const headers = { 'If-None-Match': `"other", ${etag}` }
  const second = await fetch(`${url}/count`, { headers })
  assert.equal(second.status, 304)
  assert.equal(await second.text(), '')
  assert.equal(second.headers.get('etag'), etag)
  count++
  const third = await fetch(`${url}/count`, { headers })
  assert.equal(third.status, 200)
  assert.deepEqual(await third.json(), { count: 1 })
})

test('one entity tag serves an answer and its compressed form', async (context) => {
  const { url } = await openForTest(context, { text: visitor.get('/text', () => 'a'.repeat(5000)) })
  const compressed = await fetch(`${url}/text`, { headers: { 'Accept-Encoding': 'br' } })
  const etag = compressed.headers.get('etag') ?? ''
  assert.equal(await compressed.text(), 'a'.repeat(5000))
  const headers = { 'Accept-Encoding': 'identity', 'If-None-Match': etag }
  assert.equal((await fetch(`${url}/text`, { headers })).status, 304)
})

test("a handler's own tag wins, and a route that wants none sends none", async (context) => {
  const { url } = await openForTest(context, {
    own: visitor.get('/own', ({ reply }) => {
      reply.header('ETag', '"v7"')
      return { at: Math.random() }
    }),
    none: visitor.get('/none', { etag: false }, () => ({ ok: true })),
    made: visitor.get('/made', ({ reply }) => {
      reply.status(203)
      return { ok: true }
    }),
    write: visitor.post('/write', () => ({ ok: true })),
  })
  assert.equal((await fetch(`${url}/own`)).headers.get('etag'), '"v7"')
  assert.equal((await fetch(`${url}/own`, { headers: { 'If-None-Match': '"v7"' } })).status, 304)
  assert.equal((await fetch(`${url}/none`)).headers.get('etag'), null)
  assert.equal((await fetch(`${url}/made`)).headers.get('etag'), null)
  assert.equal((await fetch(`${url}/write`, { method: 'POST' })).headers.get('etag'), null)
})
