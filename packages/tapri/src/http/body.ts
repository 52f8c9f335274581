import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { parseJson } from '../kit/json.ts'
import { formatBytes } from '../kit/measures.ts'
import { decodeWire, wireType } from '../kit/wire.ts'
import type { Source } from '../schema/index.ts'
import { incomingOf } from './adapters/incoming.ts'
import { httpError } from './errors.ts'
import { parseQuery } from './query.ts'
import type { SlowBodies } from './slow.ts'

export type BodyForm = 'json' | 'wire' | 'urlencoded' | 'multipart'

/** Called once: with the bytes, or with what kept them from being read. */
type Done = (error: unknown, bytes: Buffer) => void

/**
 * How the body is written. The media type is compared whole: "application/json garbage" is no JSON.
 * @throws TAPRI_HTTP_CONTENT_TYPE
 */
export function bodyForm(request: IncomingMessage, allowsMultipart: boolean): BodyForm {
  const type = request.headers['content-type']
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw httpError('TAPRI_HTTP_CONTENT_TYPE', `Cannot read a body with Content-Encoding "${encoding}": send it as it is`)
  }
  if (type === 'application/json') return 'json'
  const [essence = '', ...parameters] = (type ?? '').split(';').map((part) => part.trim().toLowerCase())
  if (allowsMultipart && essence === 'multipart/form-data') return 'multipart'
  const isUnicode = parameters.every((parameter) => parameter === 'charset=utf-8' || parameter === 'charset="utf-8"')
  if (isUnicode && essence === wireType) return 'wire'
  if (isUnicode && (essence === 'application/json' || /^application\/[a-z0-9!#$&^_.+-]{1,100}\+json$/.test(essence)))
    return 'json'
  if (isUnicode && essence === 'application/x-www-form-urlencoded') return 'urlencoded'
  throw httpError(
    'TAPRI_HTTP_CONTENT_TYPE',
    `Cannot read a body of type ${JSON.stringify(type ?? '')}: send application/json${allowsMultipart ? ' or multipart/form-data' : ''}`,
  )
}

/**
 * Collects a body of at most `limit` bytes.
 * @example collectBody(request, 1024, slow, (error, bytes) => …)
 */
export function collectBody(request: IncomingMessage, limit: number, slow: SlowBodies, done: Done): void {
  let chunks: Buffer[] | undefined
  let only: Buffer | undefined
  let size = 0
  let isDone = false
  const watch = slow.watch(request, () => finish(tooSlow(), nothing))

  request.on('data', take)
  request.on('end', () => finish(undefined, chunks === undefined ? (only ?? nothing) : Buffer.concat(chunks, size)))
  // node:http reports a connection that closes early as an error of the request
  request.on('error', (cause) => finish(cutShort(cause), nothing))

  function take(chunk: Buffer): void {
    size += chunk.length
    // Most bodies come in one piece, which needs no copy
    if (size > limit) finish(tooLarge(limit), nothing)
    else if (only === undefined) only = chunk
    else if (chunks === undefined) chunks = [only, chunk]
    else chunks.push(chunk)
  }

  function finish(error: unknown, bytes: Buffer): void {
    if (isDone) return
    isDone = true
    slow.unwatch(watch)
    if (error !== undefined) request.removeListener('data', take)
    done(error, bytes)
  }
}

/** Bytes of a body that comes faster than a slow one or not at all: it need not be watched piece by piece. */
const small = 2500

/** The same for a request of a runtime's own server, which gives small bodies whole at less cost than piece by piece. */
export function collectIncoming(request: IncomingMessage, limit: number, slow: SlowBodies, done: Done): void {
  const announced = announcedSize(request)
  if (announced === 0 || announced > small) {
    collectBody(request, limit, slow, done)
    return
  }
  let isDone = false
  const watch = slow.watch(request, () => finish(tooSlow(), nothing))
  incomingOf(request).readWhole((cause, bytes) => {
    if (cause === undefined) finish(undefined, Buffer.from(bytes))
    else finish(cutShort(cause), nothing)
  })

  function finish(error: unknown, bytes: Buffer): void {
    if (isDone) return
    isDone = true
    slow.unwatch(watch)
    done(error, bytes)
  }
}

const nothing = Buffer.alloc(0)

/** The bytes of a body as a value, and whether its words still need converting.
 * @throws TAPRI_HTTP_BODY, TAPRI_KIT_JSON, TAPRI_HTTP_QUERY */
export function parseBody(bytes: Buffer, form: BodyForm): { readonly value: unknown; readonly source: Source } {
  const text = utf8(bytes)
  if (form === 'urlencoded') return { value: parseQuery(text), source: 'text' }
  // No text is no value: each field that the route needs is then reported by name
  if (text === '') return { value: undefined, source: 'json' }
  const value = parseJson(text)
  return { value: form === 'wire' && text.includes('"~') ? decodeWire(text) : value, source: 'json' }
}

/** @throws TAPRI_HTTP_TOO_LARGE when the announced size is over the limit */
export function refuseAnnounced(request: IncomingMessage, limit: number): void {
  if (announcedSize(request) > limit) throw tooLarge(limit)
}

export function tooSlow() {
  return httpError('TAPRI_HTTP_TIMEOUT', 'Cannot wait for the body any longer: fewer than 500 bytes a second came')
}

function announcedSize(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0)
}

function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw httpError('TAPRI_HTTP_BODY', 'Cannot read the body: it is not UTF-8')
  return bytes.toString('utf8')
}

function tooLarge(limit: number) {
  return httpError('TAPRI_HTTP_TOO_LARGE', `Cannot accept the body: it has more than ${formatBytes(limit)}`)
}

function cutShort(cause: unknown) {
  return httpError('TAPRI_HTTP_BODY', 'Cannot read the body: the connection closed before its end', { cause })
}
