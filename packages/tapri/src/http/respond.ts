import { Readable } from 'node:stream'
import { encodeWire } from '../kit/wire.ts'
import { Answer } from './answer.ts'
import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { wantsWire } from './guard.ts'
import { type Head, mergeHeads } from './heads.ts'
import { pump } from './pump.ts'

/** Answers with what a handler gave back: plain values as JSON, texts as text, nothing as 204. */
export function respond(exchange: Exchange, value: unknown): void | Promise<void> {
  if (typeof value === 'object' && value !== null) {
    if (value instanceof Answer) return value.send(exchange)
    if (value instanceof Uint8Array) return sendWhole(exchange, exchange.shared.heads.bytes, value)
    if (value instanceof Readable) return sendStream(exchange, value, ['Content-Type', 'application/octet-stream'])
    return sendJson(exchange, value)
  }
  if (typeof value === 'string') return sendWhole(exchange, exchange.shared.heads.text, value)
  if (value !== undefined) return sendJson(exchange, value)
  if (exchange.status === 200) exchange.status = 204
  sendEmpty(exchange, exchange.status === 204 ? [] : ['Content-Length', 0])
}

function sendJson(exchange: Exchange, value: unknown): void {
  const { heads } = exchange.shared
  if ((exchange.flags & wantsWire) !== 0) {
    sendWhole(exchange, heads.wire, encodeWire(value))
    return
  }
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw httpError('TAPRI_HTTP_ANSWER', `Cannot answer with a ${typeof value}: it has no JSON`)
  sendWhole(exchange, heads.json, text)
}

/** Sends a body that is here whole. `head` is one of the ready ones: its last place takes the length. */
export function sendWhole(exchange: Exchange, head: Head, body: string | Uint8Array): void {
  const { request, response, shared, status } = exchange
  if (status === 204 || status === 205 || status === 304) {
    sendEmpty(exchange, [])
    return
  }
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  // writeHead reads the array at once and keeps nothing of it, so one array serves every answer
  head[head.length - 1] = length
  response.writeHead(status, exchange.headers === undefined && !shared.isDraining ? head : finalHead(exchange, head))
  if (request.method === 'HEAD') response.end()
  else response.end(body)
}

/** Sends an answer without a body. */
export function sendEmpty(exchange: Exchange, own: Head): void {
  exchange.response.writeHead(exchange.status, finalHead(exchange, [...exchange.shared.heads.security, ...own]))
  exchange.response.end()
}

/**
 * Sends what a source gives. Rejects with what it throws before its first byte, so that this can still
 * become a problem document; later the connection is cut, as nothing else tells that a body is not whole.
 */
export async function sendStream(exchange: Exchange, source: Readable, own: Head): Promise<void> {
  const { request, response, shared } = exchange
  const begin = () => response.writeHead(exchange.status, finalHead(exchange, mergeHeads(shared.heads.security, own)))
  if (request.method === 'HEAD') {
    source.destroy()
    begin()
    response.end()
    return
  }
  const at = own.indexOf('Content-Length')
  await pump(source, response, { size: at === -1 ? undefined : Number(own[at + 1]), begin })
}

/** The head with what the handler set, closing the connection once the server stops. */
function finalHead(exchange: Exchange, head: Head): Head {
  const merged = exchange.headers === undefined ? head : mergeHeads(head, exchange.headers)
  return exchange.shared.isDraining ? [...merged, 'Connection', 'close'] : merged
}
