import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { wireType } from '../kit/wire.ts'
import { incomingOf } from './adapters/incoming.ts'
import { oversized } from './adapters/runtime.ts'
import { httpError } from './errors.ts'

/** The request accepts the typed client's JSON. */
export const wantsWire = 1
/** The request says that it has a body. */
export const hasBody = 2
/** The request names content codings that it accepts. */
export const acceptsEncoding = 4
/** The request asks for an answer only if it is not the one that the caller has. */
export const isConditional = 8
/** The request may show who it is from: it has a cookie, or an Authorization header. */
export const showsCredential = 16
/** The request names itself by an Idempotency-Key. */
export const hasKey = 32

const mostHeaders = 100
const longestUrl = 8192
const hostForm = /^[A-Za-z0-9._~-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](?::\d{1,5})?$/
// Most requests name the host of the one before; no need to read it again
let lastHost = ''

/**
 * Refuses what node:http lets through although two readers could understand it differently, and answers
 * what the rest of the way needs to know as flags: one walk over the headers, nothing allocated.
 * @throws TAPRI_HTTP_REQUEST, TAPRI_HTTP_URL_TOO_LONG, TAPRI_HTTP_HEADERS_TOO_LARGE
 */
export function inspectRequest(request: IncomingMessage): number {
  const headers = request.rawHeaders
  if ((request.url ?? '').length > longestUrl) throw urlTooLong()
  if (headers.length > mostHeaders * 2) throw tooManyHeaders()
  let flags = 0
  let hosts = 0
  let host = ''
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const value = headers[index + 1] ?? ''
    switch (name.length) {
      case 4:
        if (name !== 'host' && name.toLowerCase() !== 'host') break
        hosts++
        host = value
        break
      case 6:
        flags |= flagOfSix(name, value)
        break
      case 9:
        if (name.toLowerCase() === '__proto__') throw refused('the header "__proto__" is not allowed')
        break
      case 13:
        flags |= flagOfThirteen(name.toLowerCase())
        break
      case 14:
        if (value !== '0' && name.toLowerCase() === 'content-length') flags |= hasBody
        break
      case 15:
        flags |= flagOfFifteen(name.toLowerCase())
        break
      case 17:
        flags |= flagOfSeventeen(request, name.toLowerCase())
    }
  }
  checkHost(request, hosts, host)
  return request.httpVersionMajor === 2 && isFollowed(request) ? flags | hasBody : flags
}

function flagOfSix(name: string, value: string): number {
  const lower = name.toLowerCase()
  if (lower === 'cookie') return showsCredential
  return lower === 'accept' && value.includes(wireType) ? wantsWire : 0
}

function flagOfThirteen(lower: string): number {
  if (lower === 'if-none-match') return isConditional
  return lower === 'authorization' ? showsCredential : 0
}

function flagOfFifteen(lower: string): number {
  if (lower === 'accept-encoding') return acceptsEncoding
  return lower === 'idempotency-key' ? hasKey : 0
}

function flagOfSeventeen(request: IncomingMessage, lower: string): number {
  if (lower === 'if-modified-since') return isConditional
  if (lower !== 'transfer-encoding') return 0
  if (request.httpVersionMinor === 0) throw refused('HTTP/1.0 has no Transfer-Encoding')
  return hasBody
}

/** The host that a request names, before all its headers have been made an object. */
export function hostOfRequest({ rawHeaders }: IncomingMessage): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') return rawHeaders[index + 1]
  }
  return undefined
}

/** The same for a request of a runtime's own server, whose headers are one. */
export function hostOfIncoming({ headers }: IncomingMessage): string | undefined {
  return headers.host
}

/**
 * The same for a request of a runtime's own server, which has read the head already: what it lets through.
 * @throws TAPRI_HTTP_REQUEST, TAPRI_HTTP_URL_TOO_LONG, TAPRI_HTTP_HEADERS_TOO_LARGE, TAPRI_HTTP_EXPECTATION
 */
export function inspectIncoming(request: IncomingMessage): number {
  const { url, headers, runtime } = incomingOf(request)
  if (url.length > longestUrl) throw urlTooLong()
  if (headers[oversized] === true)
    throw httpError(
      'TAPRI_HTTP_HEADERS_TOO_LARGE',
      `Cannot read the request: its headers are larger than 16 kB, or more than ${mostHeaders}`,
    )
  const { host, accept } = headers
  if (host === undefined) {
    if (runtime.passesHostless) throw refused('it has no Host header')
  } else if (host !== lastHost) checkHostForm(host)
  // what came more than once is joined by commas, which no host has
  if (Object.hasOwn(headers, '__proto__')) throw refused('the header "__proto__" is not allowed')
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') throw unknownExpectation()
  let flags = headers['accept-encoding'] === undefined ? 0 : acceptsEncoding
  if (accept?.includes(wireType)) flags |= wantsWire
  if (headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined) flags |= isConditional
  if (headers.cookie !== undefined || headers.authorization !== undefined) flags |= showsCredential
  if (headers['idempotency-key'] !== undefined) flags |= hasKey
  const length = headers['content-length']
  // two of them that agree are let through, joined by a comma
  if (length !== undefined && !lengthForm.test(length)) throw refused(`its Content-Length is "${length}"`)
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined ? flags | hasBody : flags
}

const lengthForm = /^\d{1,15}$/

/** Whether a request says that it has a body, by its headers or, over HTTP/2, by the frame of them. */
export function announcesBody(request: object, headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0 || isFollowed(request)
}

/** Over HTTP/2 no header has to announce a body: the frame of the headers says whether another one follows. */
function isFollowed(request: object): boolean {
  const stream: unknown = Reflect.get(request, 'stream')
  return typeof stream === 'object' && stream !== null && Reflect.get(stream, 'endAfterHeaders') === false
}

function checkHost(request: IncomingMessage, hosts: number, host: string): void {
  if (hosts === 1 && host === lastHost) return
  if (hosts > 1) throw refused('it has two Host headers')
  if (hosts === 0 && request.httpVersionMinor === 0) return
  if (hosts === 0) throw refused('it has no Host header')
  checkHostForm(host)
}

function checkHostForm(host: string): void {
  if (!hostForm.test(host)) throw refused(`its Host header "${host}" is not a host`)
  lastHost = host
}

/**
 * The path and query of a request. A whole URL (as proxies are asked) must name the Host of the request.
 * @throws TAPRI_HTTP_REQUEST
 */
export function requestTarget(request: IncomingMessage): string {
  const url = request.url ?? ''
  if (url.charCodeAt(0) === 47) return url
  // RFC 9112 3.2.4: the server as a whole, which only OPTIONS can ask about
  if (url === '*' && request.method === 'OPTIONS') return url
  // Taken from the text: a parsed URL has its dot segments already resolved
  const [, host = '', target = ''] = wholeUrl.exec(url) ?? []
  if (host === '') throw refused('its target is neither a path nor an http URL')
  if (host.toLowerCase() !== (request.headers.host ?? '').toLowerCase()) throw refused('its URL and its Host header disagree')
  return target.startsWith('/') ? target : `/${target}`
}

/** Host, then path and query; a name before `@` and a `?` before the first `/` are where readers of URLs differ. */
const wholeUrl = /^https?:\/\/([^/?#@\\]+)((?:[/?].*)?)$/i

/** RFC 9110 10.1.1 */
export function unknownExpectation() {
  return httpError('TAPRI_HTTP_EXPECTATION', 'Cannot meet the Expect header: only "100-continue" is known')
}

function urlTooLong() {
  return httpError('TAPRI_HTTP_URL_TOO_LONG', `Cannot read the URL: it is longer than ${longestUrl} bytes`)
}

function tooManyHeaders() {
  return httpError('TAPRI_HTTP_HEADERS_TOO_LARGE', `Cannot read the request: it has more than ${mostHeaders} headers`)
}

function refused(why: string) {
  return httpError('TAPRI_HTTP_REQUEST', `Cannot read the request: ${why}`)
}
