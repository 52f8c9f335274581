import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openForTest, visitor } from './open.fixture.ts'

const routes = { make: visitor.post('/', () => 'made'), read: visitor.get('/', () => 'read') }
const trustedOrigins = ['https://admin.example']

// what the browser says, whether a POST is let in. {host} is the server's own
const cases: readonly (readonly [string, boolean])[] = [
  ['', true],
  ['Sec-Fetch-Site: same-origin', true],
  ['Sec-Fetch-Site: none', true],
  ['Sec-Fetch-Site: same-site', false],
  ['Sec-Fetch-Site: cross-site', false],
  ['Sec-Fetch-Site: cross-site\r\nOrigin: https://admin.example', true],
  ['Sec-Fetch-Site: cross-site\r\nOrigin: http://tube.example', false],
  ['Origin: http://tube.example', true],
  ['Origin: http://tube.example:8080', false],
  ['Origin: https://evil.example', false],
  ['Origin: http://tube.example.evil.example', false],
  ['Origin: null', false],
  ['Origin: https://admin.example', true],
  ['Origin: https://admin.example.evil.example', false],
]

for (const [headers, allowed] of cases) {
  test(`a change asked with "${headers.replace('\r\n', ', ')}" is ${allowed ? 'let in' : 'refused'}`, async (t) => {
    const { raw } = await openForTest(t, routes, { trustedOrigins })
    const head = `HTTP/1.1\r\nHost: tube.example\r\nConnection: close\r\n${headers === '' ? '' : `${headers}\r\n`}`
    const types = [
      '',
      'Content-Type: application/json\r\nContent-Length: 2\r\n',
      'Content-Type: text/plain\r\nContent-Length: 2\r\n',
    ]
    for (const type of types) {
      const answer = await raw(`POST / ${head}${type}\r\n${type === '' ? '' : '{}'}`)
      assert.match(answer, allowed ? /^HTTP\/1.1 200 / : /^HTTP\/1.1 403 [\s\S]*TAPRI_HTTP_CROSS_SITE/)
    }
    assert.match(await raw(`GET / ${head}\r\n`), /^HTTP\/1.1 200 /)
  })
}

test('where the public address is known, its scheme counts and its origin is ours behind a proxy', async (t) => {
  const { raw } = await openForTest(t, routes, { publicUrl: 'https://tube.example' })
  const post = (host: string, origin: string) =>
    raw(`POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nOrigin: ${origin}\r\n\r\n`)
  assert.match(await post('tube.example', 'https://tube.example'), /^HTTP\/1.1 200 /)
  assert.match(await post('backend:3000', 'https://tube.example'), /^HTTP\/1.1 200 /)
  assert.match(await post('tube.example', 'http://tube.example'), /^HTTP\/1.1 403 /)
})
