import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openForTest, visitor } from './open.fixture.ts'

const origin = 'https://admin.example.com'

test('a page of a listed origin may read and change; one of another may not', async (context) => {
  const cors = { origins: [origin], credentials: true, exposedHeaders: ['X-Total'] }
  const { url } = await openForTest(
    context,
    {
      list: visitor.get('/list', () => [1]),
      make: visitor.post('/make', () => ({ made: true })),
    },
    { cors },
  )
  const read = await fetch(`${url}/list`, { headers: { Origin: origin } })
  assert.equal(read.headers.get('access-control-allow-origin'), origin)
  assert.equal(read.headers.get('access-control-allow-credentials'), 'true')
  const exposed = read.headers.get('access-control-expose-headers')?.split(', ') ?? []
  for (const name of ['Retry-After', 'Tapri-Session', 'Tapri-Token', 'Location', 'Upload-Offset', 'X-Total']) {
    assert.ok(exposed.includes(name), name)
  }
  assert.match(read.headers.get('vary') ?? '', /Origin/)
  const headers = { Origin: origin, 'Sec-Fetch-Site': 'cross-site' }
  assert.equal((await fetch(`${url}/make`, { method: 'POST', headers })).status, 200)

  const foreign = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
  const other = await fetch(`${url}/list`, { headers: foreign })
  assert.equal(other.headers.get('access-control-allow-origin'), null)
  assert.match(other.headers.get('vary') ?? '', /Origin/)
  assert.equal((await fetch(`${url}/make`, { method: 'POST', headers: foreign })).status, 403)
  assert.match((await fetch(`${url}/list`)).headers.get('vary') ?? '', /Origin/)
})

test('a browser that asks before it sends is told what it may send', async (context) => {
  const { url } = await openForTest(context, { make: visitor.put('/make', () => 1) }, { cors: { origins: [origin] } })
  const ask = (from: string) =>
    fetch(`${url}/make`, {
      method: 'OPTIONS',
      headers: { Origin: from, 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'content-type, x-own' },
    })
  const allowed = await ask(origin)
  assert.equal(allowed.status, 204)
  assert.match(allowed.headers.get('access-control-allow-methods') ?? '', /PUT/)
  assert.equal(allowed.headers.get('access-control-allow-headers'), 'content-type, x-own')
  assert.equal(allowed.headers.get('access-control-max-age'), '600')
  const refused = await ask('https://evil.example')
  assert.equal(refused.headers.get('access-control-allow-origin'), null)
  assert.equal(refused.headers.get('access-control-allow-methods'), null)
})

test('problem documents can be read by listed pages too', async (context) => {
  const { url } = await openForTest(context, {}, { cors: { origins: [origin] } })
  const missing = await fetch(`${url}/nothing`, { headers: { Origin: origin } })
  assert.equal(missing.status, 404)
  assert.equal(missing.headers.get('access-control-allow-origin'), origin)
})

test('what is not an origin is refused at start', async (context) => {
  for (const wrong of ['*', 'null', 'admin.example.com', 'https://admin.example.com/', 'https://*.example.com']) {
    await assert.rejects(openForTest(context, {}, { cors: { origins: [wrong] } }), { code: 'TAPRI_HTTP_CORS' }, wrong)
  }
})
