import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import parseRange from 'range-parser'
import { outgoingOf } from './adapters/outgoing.ts'
import { Answer } from './answer.ts'
import { type ByteRanges, byteRanges, type Part } from './byte-ranges.ts'
import { failsPrecondition, isUnchanged, matchesIfRange } from './conditional.ts'
import { encodingOf } from './encoded.ts'
import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { acceptsEncoding } from './guard.ts'
import { type Head, type Heads, mergeHeads } from './heads.ts'
import { pump } from './pump.ts'
import { sendEmpty, sendStream } from './respond.ts'

/** Something of known size that can be read from anywhere. */
export interface RangeSource {
  /** Bytes. */
  readonly size: number
  readonly type: string
  /** With its quotes, `"5f3-18c"`. */
  readonly etag?: string
  readonly lastModified?: Date
  /** More headers of the answer; they win over the server's own. */
  readonly headers?: Readonly<Record<string, string>>
  /** The file of this machine that has them, so that a runtime that can may send it by itself. */
  readonly path?: string
  /** All of them, where they are in memory. */
  readonly bytes?: (() => Uint8Array | undefined | Promise<Uint8Array | undefined>) | undefined
  /** Opens the bytes from `start` to `end`, both included. Not called when no byte is to be sent. */
  open(start: number, end: number): Readable | Promise<Readable>
}

/**
 * An answer that lets callers seek, resume and revalidate: ranges and conditional requests of RFC 9110.
 * The source is closed when the caller leaves.
 * @example return sendRanges({ size, type: 'video/mp4', etag, open: (start, end) => createReadStream(path, { start, end }) })
 */
export function sendRanges(source: RangeSource): Answer<Blob | string> {
  const ready: ReadyWhole = { heads: undefined, head: [] }
  return new Answer((exchange) => {
    if (failsPrecondition(exchange.request, source)) {
      throw httpError(
        'TAPRI_HTTP_PRECONDITION',
        'Cannot answer as asked: it is not the version that If-Match or If-Unmodified-Since names',
      )
    }
    if (isUnchanged(exchange.request, source)) {
      exchange.status = 304
      return sendEmpty(exchange, revalidation(source))
    }
    return sendBytes(exchange, source, ready)
  })
}

/** The head of the whole as it is: an answer may be given many times. */
interface ReadyWhole {
  /** Of the server that it is for. */
  heads: Heads | undefined
  head: Head
}

async function sendBytes(exchange: Exchange, source: RangeSource, ready: ReadyWhole): Promise<void> {
  const { request, shared, status, flags } = exchange
  const ranges = rangesOf(request, source)
  const parts = ranges.length > 1 ? partsOf(source, ranges) : undefined
  if (parts !== undefined && parts.size < source.size) return sendParts(exchange, source, parts)
  // parts whose heads make them more than the whole are answered with that
  const [range] = parts === undefined ? ranges : []
  const part = range ?? { start: 0, end: source.size - 1 }
  const isEmpty = request.method === 'HEAD' || part.end < part.start
  if (range === undefined && !isEmpty && status === 200 && (flags & acceptsEncoding) === 0) {
    return sendPart(exchange, source, part, readyHead(exchange, source, ready))
  }
  if (range !== undefined) exchange.status = 206
  const own = headOf(exchange, source, range)
  if (isEmpty) return sendEmpty(exchange, own)
  const { head, encoding } = encodingOf(exchange, own)
  if (encoding !== undefined) return sendStream(exchange, await source.open(part.start, part.end), own)
  return sendPart(exchange, source, part, mergeHeads(shared.heads.security, head))
}

/** RFC 9110 15.3.7.2: several ranges are one body of parts, each with a head of its own. */
function sendParts(exchange: Exchange, source: RangeSource, { type, size, bytes }: ByteRanges): Promise<void> {
  exchange.status = 206
  const own = mergeHeads(headOf(exchange, source, undefined), ['Content-Type', type, 'Content-Length', size])
  const begin = () => exchange.writeHead(mergeHeads(exchange.shared.heads.security, own))
  return pump(Readable.from(bytes, { objectMode: false }), exchange.response, { size, begin })
}

function partsOf(source: RangeSource, ranges: readonly Part[]): ByteRanges {
  const open = async (start: number, end: number) => {
    const held = await source.bytes?.()
    return held === undefined ? source.open(start, end) : Readable.from([held.subarray(start, end + 1)])
  }
  return byteRanges({ size: source.size, type: source.type, open }, ranges)
}

/** By the runtime itself where it can send files, else from memory where the bytes are there, else as they are read. */
async function sendPart(exchange: Exchange, source: RangeSource, { start, end }: Part, head: Head): Promise<void> {
  const { response } = exchange
  const begin = () => exchange.writeHead(head)
  if (source.path !== undefined && outgoingOf(response)?.sendsFile({ path: source.path, start, end }, begin)) return
  const bytes = await source.bytes?.()
  if (bytes === undefined) return pump(await source.open(start, end), response, { size: end - start + 1, begin })
  begin()
  response.end(bytes.subarray(start, end + 1))
}

function readyHead(exchange: Exchange, source: RangeSource, ready: ReadyWhole): Head {
  const { heads } = exchange.shared
  if (ready.heads === heads) return ready.head
  const { head } = encodingOf(exchange, headOf(exchange, source, undefined))
  ready.head = mergeHeads(heads.security, head)
  ready.heads = heads
  return ready.head
}

function headOf({ shared }: Exchange, source: RangeSource, range: Part | undefined): Head {
  const { start, end } = range ?? { start: 0, end: source.size - 1 }
  const own: Head = ['Content-Type', source.type, 'Content-Length', end - start + 1, 'Accept-Ranges', 'bytes']
  own.push(...validators(source))
  if (range !== undefined) own.push('Content-Range', `bytes ${start}-${end}/${source.size}`)
  const page = source.type.startsWith('text/html') ? shared.heads.page : []
  return mergeHeads([...page, ...own], Object.entries(source.headers ?? {}).flat())
}

/** More than this is answered with the whole: RFC 9110 14.2 lets us, and each part costs a read. */
const mostRanges = 16

/** The ranges to serve, joined where they touch; none for the whole. */
function rangesOf(request: IncomingMessage, source: RangeSource): readonly Part[] {
  const header = request.headers.range
  // RFC 9110 14.2: ranges mean something for GET only
  if (header === undefined || request.method !== 'GET' || !matchesIfRange(request, source)) return []
  // RFC 9110 14.1: the names of range units are case-insensitive
  if (!/^bytes=/i.test(header)) return []
  const ranges = parseRange(source.size, clampSuffixes(header, source.size), { combine: true })
  if (ranges === -1) {
    throw httpError('TAPRI_HTTP_RANGE', `Cannot serve the range "${header.slice(0, 100)}": there are ${source.size} bytes`, {
      facts: { size: source.size },
    })
  }
  // A text that is no range is answered with the whole
  return ranges === -2 || ranges.length > mostRanges ? [] : ranges
}

/** RFC 9110 14.1.2: the last 500 of 300 bytes are all of them; range-parser calls that unsatisfiable. */
function clampSuffixes(header: string, size: number): string {
  return header.replaceAll(/([=,]\s*)-(\d+)/g, (suffix, before: string, length: string) =>
    Number(length) > size ? `${before}-${size}` : suffix,
  )
}

function validators(source: RangeSource): Head {
  const head: Head = []
  if (source.etag !== undefined) head.push('ETag', source.etag)
  if (source.lastModified !== undefined) head.push('Last-Modified', source.lastModified.toUTCString())
  return head
}

/** RFC 9110 15.4.5: a 304 carries what the 200 would say about caching. */
function revalidation(source: RangeSource): Head {
  const kept = Object.entries(source.headers ?? {}).filter(([name]) => /^(?:cache-control|vary|expires)$/i.test(name))
  return [...validators(source), ...kept.flat()]
}
