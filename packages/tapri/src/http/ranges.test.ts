import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { openForTest, visitor } from './open.fixture.ts'
import { sendRanges } from './ranges.ts'

const bytes = Buffer.from('0123456789')
const etag = '"v1"'
const lastModified = new Date('2026-01-02T03:04:05.678Z')
const later = 'Sat, 03 Jan 2026 00:00:00 GMT'
const earlier = 'Thu, 01 Jan 2026 00:00:00 GMT'

const facts = {
  size: 10,
  type: 'video/mp4',
  etag,
  lastModified,
  headers: { 'Cache-Control': 'private', 'Content-Security-Policy': 'sandbox' },
}
/** One answer for all who ask, with bytes that are in memory. */
const kept = sendRanges({
  ...facts,
  bytes: () => bytes,
  open: () => {
    throw new Error('it is in memory')
  },
})

const routes = {
  ten: visitor.get('/ten', () => sendRanges({ ...facts, open: (start, end) => Readable.from([bytes.subarray(start, end + 1)]) })),
  kept: visitor.get('/kept', () => kept),
  none: visitor.get('/none', () =>
    sendRanges({
      size: 0,
      type: 'text/html',
      open: () => {
        throw new Error('there is nothing to open')
      },
    }),
  ),
}

// headers of the request, status, body, Content-Range
const cases: readonly (readonly [Record<string, string>, number, string, string | null])[] = [
  [{}, 200, '0123456789', null],
  [{ range: 'bytes=0-3' }, 206, '0123', 'bytes 0-3/10'],
  [{ range: 'bytes=7-' }, 206, '789', 'bytes 7-9/10'],
  [{ range: 'bytes=-2' }, 206, '89', 'bytes 8-9/10'],
  [{ range: 'bytes=-50' }, 206, '0123456789', 'bytes 0-9/10'],
  [{ range: 'bytes=0-999999999999999999999' }, 206, '0123456789', 'bytes 0-9/10'],
  [{ range: 'bytes=0-1,2-3' }, 206, '0123', 'bytes 0-3/10'],
  [{ range: 'bytes=0-1,5-6' }, 200, '0123456789', null],
  [{ range: 'lines=0-1' }, 200, '0123456789', null],
  [{ range: 'bytes=a-b' }, 200, '0123456789', null],
  [{ range: 'bytes=' }, 200, '0123456789', null],
  [{ range: 'bytes=0-1', 'if-range': etag }, 206, '01', 'bytes 0-1/10'],
  [{ range: 'bytes=0-1', 'if-range': 'W/"v1"' }, 200, '0123456789', null],
  [{ range: 'bytes=0-1', 'if-range': '"v0"' }, 200, '0123456789', null],
  [{ range: 'bytes=0-1', 'if-range': lastModified.toUTCString() }, 206, '01', 'bytes 0-1/10'],
  [{ range: 'bytes=0-1', 'if-range': earlier }, 200, '0123456789', null],
  [{ 'if-none-match': etag }, 304, '', null],
  [{ 'if-none-match': '"v0", W/"v1"' }, 304, '', null],
  [{ 'if-none-match': '*' }, 304, '', null],
  [{ 'if-none-match': '"v0"', 'if-modified-since': later }, 200, '0123456789', null],
  [{ 'if-modified-since': lastModified.toUTCString() }, 304, '', null],
  [{ 'if-modified-since': earlier }, 200, '0123456789', null],
  [{ 'if-modified-since': 'yesterday' }, 200, '0123456789', null],
  [{ 'if-match': etag }, 200, '0123456789', null],
  [{ 'if-match': '*' }, 200, '0123456789', null],
  [{ 'if-unmodified-since': later }, 200, '0123456789', null],
]

for (const path of ['/ten', '/kept']) {
  test(`ranges and conditions of ${path} are answered as RFC 9110 says`, async (t) => {
    const { url } = await openForTest(t, routes)
    for (const [headers, status, body, range] of cases) {
      // fetch answers a 304 as it is only when the cache is left out
      const response = await fetch(url + path, { headers, cache: 'no-store' })
      const name = JSON.stringify(headers)
      assert.deepEqual(
        [response.status, await response.text(), response.headers.get('content-range')],
        [status, body, range],
        name,
      )
      assert.equal(response.headers.get('etag'), etag, name)
      assert.equal(response.headers.get('last-modified'), 'Fri, 02 Jan 2026 03:04:05 GMT', name)
      assert.equal(response.headers.get('cache-control'), 'private', name)
      if (status !== 304) assert.equal(response.headers.get('accept-ranges'), 'bytes', name)
      if (status !== 304) assert.equal(response.headers.get('content-security-policy'), 'sandbox', name)
    }
  })
}

test('one answer given many times says each header once, to HEAD too', async (t) => {
  const { raw } = await openForTest(t, routes)
  const ask = (method: string, more = '') =>
    raw(`${method} /kept HTTP/1.1\r\nHost: a\r\n${more}Connection: close\r\n\r\n`).then((answer) =>
      answer.replace(/^Date: .*\r\n/m, ''),
    )
  const first = await ask('GET')
  assert.match(first, /^HTTP\/1.1 200 OK\r\n.*\r\n\r\n0123456789$/s)
  const names = [...first.matchAll(/^([\w-]+): /gm)].map(([, name]) => name?.toLowerCase())
  assert.deepEqual(names, [...new Set(names)])
  assert.ok(names.includes('x-content-type-options'))
  assert.match(await ask('GET', 'Range: bytes=2-3\r\n'), /^HTTP\/1.1 206 .*\r\n\r\n23$/s)
  assert.equal(await ask('GET'), first)
  // Bun writes one name otherwise
  assert.equal(`${await ask('HEAD')}0123456789`.toLowerCase(), first.toLowerCase())
})

test('a range with nothing in it is 416 and says how many bytes there are', async (t) => {
  const { url } = await openForTest(t, routes)
  for (const range of ['bytes=10-', 'bytes=20-30', 'bytes=-0', 'bytes=5-2', `bytes=${'9'.repeat(400)}-`]) {
    const response = await fetch(`${url}/ten`, { headers: { range } })
    assert.equal(response.status, 416, range)
    assert.equal(response.headers.get('content-range'), 'bytes */10', range)
    assert.match(await response.text(), /TAPRI_HTTP_RANGE/)
  }
})

test('a condition that does not hold is 412', async (t) => {
  const { url } = await openForTest(t, routes)
  const failing: readonly Record<string, string>[] = [
    { 'if-match': '"v0"' },
    { 'if-match': 'W/"v1"' },
    { 'if-unmodified-since': earlier },
  ]
  for (const headers of failing) {
    const response = await fetch(`${url}/ten`, { headers })
    assert.equal(response.status, 412)
    assert.match(await response.text(), /TAPRI_HTTP_PRECONDITION/)
  }
})

test('HEAD opens nothing, ignores ranges and says the whole size; an empty source is an empty answer', async (t) => {
  const { url } = await openForTest(t, routes)
  const head = await fetch(`${url}/ten`, { method: 'HEAD', headers: { range: 'bytes=0-1' } })
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '10'])
  const none = await fetch(`${url}/none`)
  assert.deepEqual([none.status, none.headers.get('content-length'), await none.text()], [200, '0', ''])
  assert.match(none.headers.get('content-security-policy') ?? '', /default-src 'self'/)
})

test('a source is closed when its caller leaves, also while it is still being opened', async (t) => {
  const opened = Promise.withResolvers<Readable>()
  const asked = Promise.withResolvers<void>()
  const { url } = await openForTest(t, {
    slow: visitor.get('/slow', () =>
      sendRanges({
        size: 10,
        type: 'video/mp4',
        open: () => {
          asked.resolve()
          return opened.promise
        },
      }),
    ),
  })
  const request = httpRequest(`${url}/slow`).on('error', () => undefined)
  request.end()
  await asked.promise
  request.destroy()
  await new Promise((resolve) => request.once('close', resolve))
  const source = new Readable({ read: () => undefined })
  const closed = once(source, 'close')
  opened.resolve(source)
  await closed
})
