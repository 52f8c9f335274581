import { Readable } from 'node:stream'
import { encodeWire } from '../kit/wire.ts'
import { Answer } from './answer.ts'
import { compressedFrom } from './compression.ts'
import { isUnchanged } from './conditional.ts'
import { encodedAs, sendEncoded, streamEncoded } from './encoded.ts'
import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { acceptsEncoding, isConditional, wantsWire } from './guard.ts'
import { type Head, headerOf, mergeHeads, type ReadyHead } from './heads.ts'
import { pump } from './pump.ts'
import { lengthOf, type Version } from './versions.ts'
import { isResponse, takeResponse } from './web-response.ts'
import { endWith } from './written.ts'

/** Answers with what a handler gave back: plain values as JSON, texts as text, nothing as 204. */
export function respond(exchange: Exchange, value: unknown): void | Promise<void> {
  if (typeof value === 'object' && value !== null) {
    if (value instanceof Answer) return value.send(exchange)
    if (value instanceof Uint8Array) return sendWhole(exchange, exchange.shared.heads.bytes, value)
    if (value instanceof Readable) return sendStream(exchange, value, ['Content-Type', 'application/octet-stream'])
    if (value.constructor !== Object && !Array.isArray(value) && isResponse(value)) return sendResponse(exchange, value)
    return sendJson(exchange, value)
  }
  if (typeof value === 'string') return sendWhole(exchange, exchange.shared.heads.text, value)
  if (value !== undefined) return sendJson(exchange, value)
  if (exchange.status === 200) exchange.status = 204
  sendEmpty(exchange, exchange.status === 204 ? [] : ['Content-Length', 0])
}

/** Sends a web-standard answer as it is. */
function sendResponse(exchange: Exchange, value: Response): void | Promise<void> {
  const length = value.headers.get('content-length')
  const body = takeResponse(exchange, value)
  if (body === undefined)
    return sendEmpty(exchange, exchange.status === 204 || exchange.status === 304 ? [] : ['Content-Length', 0])
  return sendStream(exchange, body, length === null ? [] : ['Content-Length', length])
}

function sendJson(exchange: Exchange, value: unknown): void | Promise<void> {
  const { heads } = exchange.shared
  if ((exchange.flags & wantsWire) !== 0) return sendWhole(exchange, heads.wire, encodeWire(value))
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw httpError('TAPRI_HTTP_ANSWER', `Cannot answer with a ${typeof value}: it has no JSON`)
  return sendWhole(exchange, heads.json, text)
}

/** Sends a body that is here whole: not at all when the caller has it already, compressed when that is worth it. */
export function sendWhole(exchange: Exchange, ready: ReadyHead, body: string | Uint8Array): void | Promise<void> {
  const { request, response, shared, status } = exchange
  if (status === 204 || status === 205 || status === 304) {
    sendEmpty(exchange, [])
    return
  }
  const version = status === 200 ? versionOf(exchange, body) : undefined
  if (version !== undefined && (exchange.flags & isConditional) !== 0 && isUnchanged(request, version)) {
    exchange.status = 304
    sendEmpty(exchange, ['ETag', version.etag, ...shared.heads.vary])
    return
  }
  const length = version?.length ?? lengthOf(body)
  const head = version === undefined ? ready.plain : ready.tagged
  if (version !== undefined) head[head.length - 3] = version.etag
  // writeHead reads the array at once and keeps nothing of it, so one array serves every answer
  head[head.length - 1] = length
  if (ready.compresses && length >= compressedFrom && (exchange.flags & acceptsEncoding) !== 0) {
    const encoding = encodedAs(exchange)
    if (encoding !== undefined) return sendEncoded(exchange, [...head], { body, encoding })
  }
  exchange.writeHead(head)
  if (request.method === 'HEAD') response.end()
  else endWith(response, body, length)
}

/** What a GET answers, by the tag that its handler set or by one of the body; undefined where it is to have none. */
function versionOf({ route, headers }: Exchange, body: string | Uint8Array): Version | undefined {
  const own = headers === undefined ? undefined : headerOf(headers, 'etag')
  if (route.versions === undefined || own === undefined) return route.versions?.of(body)
  return { etag: own, length: lengthOf(body) }
}

/** Sends an answer without a body. */
export function sendEmpty(exchange: Exchange, own: Head): void {
  exchange.writeHead([...exchange.shared.heads.security, ...own])
  exchange.response.end()
}

/**
 * Sends what a source gives. Rejects with what it throws before its first byte, so that this can still
 * become a problem document; later the connection is cut, as nothing else tells that a body is not whole.
 */
export async function sendStream(exchange: Exchange, source: Readable, own: Head): Promise<void> {
  const { request, response, shared } = exchange
  const { head, body } = streamEncoded(exchange, source, own)
  const begin = () => exchange.writeHead(mergeHeads(shared.heads.security, head))
  if (request.method === 'HEAD') {
    body.destroy()
    begin()
    response.end()
    return
  }
  const size = headerOf(head, 'content-length')
  await pump(body, response, { size: size === undefined ? undefined : Number(size), begin })
}
