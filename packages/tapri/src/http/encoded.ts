import { pipeline, type Readable } from 'node:stream'
import { compress, compressedFrom, compressor, isCompressible } from './compression.ts'
import type { Exchange } from './exchange.ts'
import { acceptsEncoding } from './guard.ts'
import { type Head, headerOf, mergeHeads } from './heads.ts'
import { type Encoding, encodingFor } from './negotiation.ts'

/** The content coding that this answer gets; undefined when it goes as it is. */
export function encodedAs({ request, route, headers = [] }: Exchange): Encoding | undefined {
  if (!route.compresses || headerOf(headers, 'content-encoding') !== undefined) return undefined
  // RFC 9110 7.7: whoever says no-transform means it
  if (/\bno-transform\b/.test(headerOf(headers, 'cache-control') ?? '')) return undefined
  return encodingFor(String(request.headers['accept-encoding'] ?? ''))
}

/** Sends a whole body compressed. `head` is the caller's own to change; its last place takes the length. */
export async function sendEncoded(
  exchange: Exchange,
  head: Head,
  { body, encoding }: { readonly body: string | Uint8Array; readonly encoding: Encoding },
): Promise<void> {
  const { request, response } = exchange
  const bytes = await compress(body, encoding)
  if (response.destroyed) return
  head[head.length - 1] = bytes.byteLength
  exchange.writeHead([...head, 'Content-Encoding', encoding])
  if (request.method === 'HEAD') response.end()
  else response.end(bytes)
}

/** How a body with this head is sent, and with which head then: compressed when its type is worth it. */
export function encodingOf(exchange: Exchange, own: Head): { readonly head: Head; readonly encoding: Encoding | undefined } {
  const { vary } = exchange.shared.heads
  const type = headerOf(exchange.headers ?? [], 'content-type') ?? headerOf(own, 'content-type') ?? ''
  if (!exchange.shared.compresses || !isCompressible(type)) return { head: own, encoding: undefined }
  const isVarying = headerOf(own, 'vary')?.includes('Accept-Encoding') === true
  const plain = { head: isVarying ? own : mergeHeads(vary, own), encoding: undefined }
  const size = headerOf(own, 'content-length')
  const isSmall = size !== undefined && Number(size) < compressedFrom
  if (isSmall || exchange.status !== 200 || (exchange.flags & acceptsEncoding) === 0) return plain
  if (headerOf(own, 'content-encoding') !== undefined) return plain
  const encoding = encodedAs(exchange)
  if (encoding === undefined) return plain
  return { head: [...withoutLength(plain.head), 'Content-Encoding', encoding], encoding }
}

/** What a stream is sent as, and with which head. */
export function streamEncoded(exchange: Exchange, source: Readable, own: Head): { readonly head: Head; readonly body: Readable } {
  const { head, encoding } = encodingOf(exchange, own)
  if (encoding === undefined) return { head, body: source }
  const body = compressor(encoding)
  // what goes wrong in the source is told by the body, which is destroyed with it
  pipeline(source, body, () => {})
  return { head, body }
}

/** Other bytes: their number is not known before, they have no ranges, and only mean the same as the others. */
function withoutLength(head: Head): Head {
  const kept: Head = []
  for (let index = 0; index < head.length; index += 2) {
    const name = String(head[index])
    const value = head[index + 1] ?? ''
    if (/^(?:content-length|accept-ranges)$/i.test(name)) continue
    const isStrongTag = name.toLowerCase() === 'etag' && String(value).startsWith('"')
    kept.push(name, isStrongTag ? `W/${value}` : value)
  }
  return kept
}
