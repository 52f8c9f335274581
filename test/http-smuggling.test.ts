import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openVault, statuses } from './http-security.fixture.ts'
import { chunked, corpus, hidden, post } from './http-smuggling.fixture.ts'

for (const [what, bytes] of Object.entries(corpus)) {
  test(`no request hides behind another by ${what}: one refusal, no handler reached, connection closed`, async (t) => {
    const { raw, reached } = await openVault(t)
    const answer = await raw(bytes)
    const [status = 0, ...more] = statuses(answer)
    assert.deepEqual(more, [], answer)
    assert.ok(status >= 400 && status < 500, answer)
    assert.match(answer, /\r\nConnection: close\r\n/i)
    assert.match(answer, /application\/problem\+json/)
    assert.deepEqual(reached(), [])
  })
}

test('requests whose lengths are said in one clear way are answered one after the other', async (t) => {
  const { raw, reached } = await openVault(t)
  const value = '{"title":"a"}'
  const size = value.length.toString(16)
  const clear = [
    post(`Content-Length: ${value.length}`, value),
    post(chunked, `${size}\r\n${value}\r\n0\r\n\r\n`),
    post(chunked, `${size};name=value\r\n${value}\r\n0\r\nX-Trailer: a\r\n\r\n`),
    post('transfer-encoding:\tchunked', `00${size}\r\n${value}\r\n0\r\n\r\n`),
  ]
  for (const bytes of clear) assert.deepEqual(statuses(await raw(`${bytes}${hidden}`)), [200, 200], bytes)
  assert.equal(reached().filter((name) => name === 'door.make').length, clear.length)
})

test('a trailer is no header: it can replace none', async (t) => {
  const { raw, reached } = await openVault(t)
  const answer = await raw(
    post(
      `${chunked}\r\nOrigin: https://evil.example`,
      `d\r\n{"title":"a"}\r\n0\r\nOrigin: http://localhost\r\nSec-Fetch-Site: none\r\n\r\n${hidden}`,
    ),
  )
  assert.equal(statuses(answer)[0], 403)
  assert.ok(!reached().includes('door.make'))
})
