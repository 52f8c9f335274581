import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { TapriError } from '../kit/errors.ts'
import { openForTest, visitor } from './open.fixture.ts'
import { sendRanges } from './ranges.ts'

const bytes = Buffer.from('0123456789')
const etag = '"v1"'
/** Larger than the heads of its parts. */
const numbered = Buffer.from(Array.from({ length: 4000 }, (_, at) => at % 251))
const long = { size: numbered.length, open: (start: number, end: number) => Readable.from([numbered.subarray(start, end + 1)]) }
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
const unopened = () => {
  throw new Error('it is in memory')
}
/** One answer for all who ask, with bytes that are in memory. */
const kept = sendRanges({ ...facts, bytes: () => bytes, open: unopened })

const longKept = sendRanges({ ...facts, ...long, bytes: () => numbered, open: unopened })

const routes = {
  ten: visitor.get('/ten', () => sendRanges({ ...facts, open: (start, end) => Readable.from([bytes.subarray(start, end + 1)]) })),
  kept: visitor.get('/kept', () => kept),
  long: visitor.get('/long', () => sendRanges({ ...facts, ...long })),
  longKept: visitor.get('/long-kept', () => longKept),
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
  [{ range: 'Bytes=0-1' }, 206, '01', 'bytes 0-1/10'],
  [{ range: 'bytes=0-1, -50' }, 206, '0123456789', 'bytes 0-9/10'],
  [{ range: 'bytes=0-1,12-13' }, 206, '01', 'bytes 0-1/10'],
  [{ range: 'bytes=0-1,x' }, 200, '0123456789', null],
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

for (const path of ['/long', '/long-kept']) {
  test(`several ranges of ${path} are one body of parts, in the order they were asked for`, async (t) => {
    const { url } = await openForTest(t, routes)
    const response = await fetch(url + path, { headers: { range: 'bytes=3998-, 0-1,1-2, 97-97' } })
    const [, boundary = ''] =
      /^multipart\/byteranges; boundary=([0-9a-f]{32})$/.exec(response.headers.get('content-type') ?? '') ?? []
    const part = (start: number, end: number) =>
      `--${boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes ${start}-${end}/4000\r\n\r\n${numbered.toString('latin1', start, end + 1)}\r\n`
    const body = `${part(3998, 3999)}${part(0, 2)}${part(97, 97)}--${boundary}--\r\n`
    assert.deepEqual([response.status, Buffer.from(await response.arrayBuffer()).toString('latin1')], [206, body])
    assert.equal(response.headers.get('content-length'), String(body.length))
    assert.equal(response.headers.get('content-range'), null)
    assert.equal(response.headers.get('etag'), etag)
  })
}

test('several ranges whose heads make them more than the whole are answered with the whole', async (t) => {
  const { url } = await openForTest(t, routes)
  for (const range of ['bytes=0-1,5-6', 'bytes=0-0,-1']) {
    const response = await fetch(`${url}/ten`, { headers: { range } })
    assert.deepEqual([response.status, await response.text(), response.headers.get('content-range')], [200, '0123456789', null])
  }
})

test('more than 16 ranges that do not touch are answered with the whole', async (t) => {
  const { url } = await openForTest(t, routes)
  const ranges = (count: number) => `bytes=${Array.from({ length: count }, (_, at) => `${at * 3}-${at * 3}`).join()}`
  const whole = await fetch(`${url}/long`, { headers: { range: ranges(17) } })
  assert.deepEqual([whole.status, (await whole.bytes()).length], [200, 4000])
  const parts = await fetch(`${url}/long`, { headers: { range: ranges(16) } })
  assert.deepEqual([parts.status, [...(await parts.text()).matchAll(/Content-Range/g)].length], [206, 16])
})

test('whatever a Range says, the answer is the whole, exactly what it names, or 416', async (t) => {
  const { url } = await openForTest(t, routes)
  const words = ['0', '5', '3999', '4000', '-', '-', ',', ' ', '=', 'bytes', '1e3', '٣', '18446744073709551616', '\t', ';', '0x5']
  let seed = 7
  const next = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648)
  for (let round = 0; round < 400; round++) {
    const header = Array.from({ length: next() % 8 }, () => words[next() % words.length]).join('')
    const range = Buffer.from(`bytes=${header}`).toString('latin1')
    const response = await fetch(`${url}/long`, { headers: { range } })
    const body = Buffer.from(await response.arrayBuffer())
    assert.ok([200, 206, 416].includes(response.status), `${range}: ${response.status}`)
    if (response.status === 200) assert.equal(body.length, 4000, range)
    const [, start, end] = /^bytes (\d+)-(\d+)\/4000$/.exec(response.headers.get('content-range') ?? '') ?? []
    if (start !== undefined) assert.deepEqual([...body], numbered.subarray(Number(start), Number(end) + 1).toJSON().data, range)
  }
})

test('a part that cannot be opened is a problem when it is the first, and cuts the answer later', async (t) => {
  let opened = 0
  const { url } = await openForTest(t, {
    lost: visitor.get('/lost', () =>
      sendRanges({
        ...facts,
        size: 4000,
        open: (start, end) => {
          if (opened++ > 0) throw new TapriError('GONE', 'Cannot open it', { status: 410 })
          return long.open(start, end)
        },
      }),
    ),
  })
  const cut = await fetch(`${url}/lost`, { headers: { range: 'bytes=0-1,5-6' } })
  await assert.rejects(cut.text())
  const refused = await fetch(`${url}/lost`, { headers: { range: 'bytes=0-1,5-6' } })
  assert.deepEqual([refused.status, (await refused.json()).code], [410, 'GONE'])
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
