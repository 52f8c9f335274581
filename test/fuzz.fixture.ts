import { connect } from 'node:net'

/** Numbers from 0 to below 1 that are the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Pick = <T>(list: readonly T[]) => T

function pickBy(random: () => number): Pick {
  return (list) => {
    const [picked] = list.slice(Math.floor(random() * list.length))
    if (picked === undefined) throw new RangeError('There is nothing to pick from')
    return picked
  }
}

/** What a fuzzed request may be about. */
export interface Targets {
  /** Like `POST /api/videos/:id`. */
  readonly routes: readonly string[]
  readonly tokens: readonly string[]
}

const nasty = [
  '',
  '\0',
  '%00',
  '%',
  '%E0%A4%A',
  '..',
  '%2e%2e',
  '%2F',
  '\\',
  '\u202e',
  '💥',
  '\ud800',
  "'",
  '"',
  '`',
  '$ne',
  '{}',
  '[]',
  '-1',
  '1e400',
]
const words = [
  ...nasty,
  '__proto__',
  'constructor',
  'null',
  'true',
  '9007199254740993',
  '0x10',
  'NaN',
  'a'.repeat(5000),
  '~t',
  '~tno',
  '~~',
]
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']
const types = [
  'application/json',
  'application/vnd.tapri+json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'multipart/form-data; boundary="',
  'multipart/form-data',
  'application/json; charset=latin1',
  'text/plain',
  'application/json garbage',
  ',',
]
const headers = [
  'Range: bytes=0-0',
  'Range: bytes=-0',
  'Range: bytes=99999999999999999999-',
  'Range: bytes=0-,0-,0-,5-2,x',
  'If-None-Match: *',
  'If-Match: "x", W/"y',
  'If-Modified-Since: never',
  'If-Range: "x"',
  'Expect: 100-continue',
  'Expect: wonders',
  'Upgrade: websocket\r\nConnection: Upgrade',
  'Upgrade: h2c\r\nConnection: Upgrade',
  'Transfer-Encoding: chunked',
  'Content-Encoding: gzip',
  'Origin: null',
  'Origin: http://evil.test',
  'Sec-Fetch-Site: cross-site',
  'X-HTTP-Method-Override: DELETE',
  'X-Forwarded-Host: evil.test',
  'X-Forwarded-Proto: https',
  'Accept: application/vnd.tapri+json',
  'Accept: text/html',
  'Host: other.test',
  '__proto__: x',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tapri.v1',
]

const names = [
  'Accept',
  'Accept-Encoding',
  'Accept-Language',
  'Authorization',
  'Cache-Control',
  'Connection',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Type',
  'Cookie',
  'Forwarded',
  'Idempotency-Key',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'If-Range',
  'Origin',
  'Range',
  'Referer',
  'Sec-Fetch-Dest',
  'TE',
  'Traceparent',
  'Trailer',
  'Upgrade',
  'User-Agent',
  'X-Forwarded-For',
]
/** What header values are made of: the signs of their grammars, and what means something in one of them. */
const crumbs = [
  ...';,=/*"\\ ().:-+?&@#[]{}<>%~|',
  'q=',
  '0.5',
  'q=1e9',
  'bytes',
  '*/*',
  'text/html',
  'gzip',
  'zstd;q=0',
  'W/"',
  'identity',
]
const values = [
  ...crumbs,
  'Basic ',
  'Bearer ',
  'boundary=',
  'charset=',
  'for=',
  '::1',
  '10.0.0.1',
  'null',
  '\x80\xff',
  '9'.repeat(40),
  '\t',
]

/** A value that begins to follow a grammar, and then does not. */
function soup(random: () => number, pick: Pick): string {
  return Array.from({ length: Math.ceil(random() * 12) }, () => pick(random() < 0.8 ? values : words)).join('')
}

function cookies(random: () => number, pick: Pick): string {
  const pairs = Array.from({ length: Math.ceil(random() * (random() < 0.05 ? 400 : 6)) }, () => {
    const value = random() < 0.5 ? pick(words).slice(0, 200) : `${soup(random, pick)}.${'A'.repeat(43)}`
    return `${pick(['session', '__Host-session', '__proto__', 'constructor', 'a b', '', pick(crumbs)])}=${value}`
  })
  return pairs.join(pick(['; ', ';', ',', ' ', ';;']))
}

function queryOf(random: () => number, pick: Pick): string {
  const pairs = Array.from({ length: Math.ceil(random() * (random() < 0.02 ? 1100 : 5)) }, () => {
    const name = pick([
      'page',
      'after',
      'x',
      '__proto__',
      'v',
      'a[b]',
      'a[__proto__][c]',
      'constructor.prototype',
      'page[]',
      pick(crumbs),
    ])
    const value = encodeURI(
      pick([...words, ...crumbs])
        .slice(0, 300)
        .toWellFormed(),
    ).replaceAll(' ', '+')
    return random() < 0.1 ? name : `${name}=${value}`
  })
  return `?${pairs.join(pick(['&', '&', ';', '&&', '?']))}`.replaceAll(/[ #]/g, '').replaceAll('\\', '%5C')
}

/** One request as bytes: from nearly right to nonsense. */
export function fuzzedRequest(random: () => number, targets: Targets): Buffer {
  const pick = pickBy(random)
  const often = (share: number) => random() < share
  const [method = '', pattern = ''] = pick(targets.routes).split(' ')
  const path = pattern.replace(/:\w+/g, () =>
    often(0.3) ? encodeURI(pick(words).toWellFormed()) : '01a1fc22-92fa-7291-b729-5740de14c21d',
  )
  const query = often(0.5) ? '' : queryOf(random, pick)
  const target = often(0.9) ? path + query : pick(['*', '//', '/..', 'http://a/', 'http://a?x=/api/videos', path + pick(nasty)])
  const body = bodyOf(random, pick)
  const type = pick(types)
  const lines = [`${often(0.8) ? method : pick(methods)} ${target} HTTP/1.${often(0.95) ? 1 : 0}`]
  if (often(0.95)) lines.push('Host: a')
  if (often(0.6)) lines.push(`Content-Type: ${type}`)
  if (often(0.8)) lines.push(`Content-Length: ${often(0.9) ? body.length : Math.floor(random() * 5000)}`)
  if (often(0.4)) lines.push(`Authorization: Bearer ${often(0.8) ? pick(targets.tokens) : pick(words)}`)
  if (often(0.4)) lines.push(`Cookie: session=${often(0.5) ? pick(targets.tokens) : pick(words)}; session=${pick(words)}`)
  if (often(0.1)) lines.push(`Cookie: ${cookies(random, pick)}`)
  for (let more = Math.floor(random() * 4); more > 0; more--) {
    lines.push(often(0.5) ? pick(headers) : `${pick(names)}: ${soup(random, pick)}`)
  }
  if (often(0.02)) for (let many = 0; many < 150; many++) lines.push(`X-${many}: y`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, often(0.5) ? 'latin1' : 'utf8'), body])
}

function bodyOf(random: () => number, pick: Pick): Buffer {
  const value = () =>
    pick<unknown>([pick(words), null, true, [], {}, 1e308, -0, [pick(words)], { '~add': 1 }, { id: pick(words), key: 'x' }])
  const record = () =>
    Object.fromEntries(['title', 'text', 'source', 'email', 'password', 'name', pick(words)].map((key) => [key, value()]))
  const part = (name: string, rest: string, content: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"${rest}\r\n\r\n${content}\r\n`
  const texts = [
    JSON.stringify(record()),
    JSON.stringify(record()).replaceAll('"~', '"~t'),
    JSON.stringify({ email: 'ann@club.test', password: pick(words) }),
    `${'['.repeat(200)}${']'.repeat(200)}`,
    `{"a":${'9'.repeat(2000)}}`,
    `title=${pick(words)}&text=%&__proto__=1`,
    `${part('title', '', 'Kites')}${part('source', '; filename="../../x.mp4"\r\nContent-Type: video/mp4', pick(words))}--b--\r\n`,
    `${part('source', `; filename=${' '.repeat(500)}"`, 'x')}--b--`,
    part('__proto__', '', 'x') + part('title', "; filename*=utf-8''%E0%A4", 'x'),
    '5\r\nhello\r\n0\r\n\r\n',
    'ffffffffff\r\n',
    '',
  ]
  const bytes = Buffer.from(pick(texts))
  return random() < 0.1 ? Buffer.from(bytes.map((byte) => (random() < 0.05 ? Math.floor(random() * 256) : byte))) : bytes
}

/**
 * Sends bytes on a connection of their own and answers what came back, at the latest when the other side has been silent
 * on a whole answer; some connections are torn after a part of the bytes.
 */
export function sendFuzzed(port: number, bytes: Buffer, random: () => number): Promise<string> {
  return new Promise((resolve) => {
    const isTorn = random() < 0.1
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    socket.on('end', () => socket.destroy())
    if (isTorn) socket.write(bytes.subarray(0, Math.floor(bytes.length * random())), () => socket.resetAndDestroy())
    // the end of what is sent is the end of waiting: a request that is not whole is answered by closing
    else socket.end(bytes)
  })
}
