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
import { type Head, mergeHeads } from './heads.ts'
import type { OpenFile } from './open-file.ts'
import { pump } from './pump.ts'
import { filledPart, headOf, type RangeFacts, type Ready, readyPart, readyWhole, revalidation } from './range-heads.ts'
import { sendEmpty, sendStream } from './respond.ts'
import { sendOpenFile, tellsWhenSent } from './send-file.ts'

/** Something of known size that can be read from anywhere. */
export interface RangeSource extends RangeFacts {
  /** The file of this machine that has them, so that a runtime that can may send it by itself. */
  readonly path?: string
  /** All of them, where they are in memory. */
  readonly bytes?: (() => Uint8Array | undefined | Promise<Uint8Array | undefined>) | undefined
  /** Opens the bytes from `start` to `end`, both included. Not called when no byte is to be sent. */
  open(start: number, end: number): Readable | Promise<Readable>
  /** The same bytes as a file of this machine, where they are one: it is read without a stream for each caller. */
  lease?(): OpenFile | Promise<OpenFile>
}

/**
 * An answer that lets callers seek, resume and revalidate: ranges and conditional requests of RFC 9110.
 * The source is closed when the caller leaves.
 * @example return sendRanges({ size, type: 'video/mp4', etag, open: (start, end) => createReadStream(path, { start, end }) })
 */
export function sendRanges(source: RangeSource): Answer<Blob | string> {
  const ready: Ready = { heads: undefined, whole: undefined, part: undefined }
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

async function sendBytes(exchange: Exchange, source: RangeSource, ready: Ready): Promise<void> {
  const { request, shared, status, flags, headers } = exchange
  const ranges = rangesOf(request, source)
  const parts = ranges.length > 1 ? partsOf(source, ranges) : undefined
  if (parts !== undefined && parts.size < source.size) return sendParts(exchange, source, parts)
  // parts whose heads make them more than the whole are answered with that
  const [range] = parts === undefined ? ranges : []
  const part = range ?? { start: 0, end: source.size - 1 }
  const isEmpty = request.method === 'HEAD' || part.end < part.start
  if (range === undefined && !isEmpty && status === 200 && (flags & acceptsEncoding) === 0) {
    const head = readyWhole(exchange, source, ready)
    return sendPart(exchange, source, part, () => head)
  }
  if (range !== undefined) exchange.status = 206
  if (range !== undefined && !isEmpty && headers === undefined) {
    const head = readyPart(exchange, source, ready)
    return sendPart(exchange, source, part, () => filledPart(head, part, source))
  }
  const own = headOf(exchange, source, range)
  if (isEmpty) return sendEmpty(exchange, own)
  const { head, encoding } = encodingOf(exchange, own)
  if (encoding !== undefined) return sendStream(exchange, await source.open(part.start, part.end), own)
  return sendPart(exchange, source, part, () => mergeHeads(shared.heads.security, head))
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
async function sendPart(exchange: Exchange, source: RangeSource, part: Part, head: () => Head): Promise<void> {
  const { response } = exchange
  const { start, end } = part
  const begin = () => exchange.writeHead(head())
  if (source.path !== undefined && outgoingOf(response)?.sendsFile({ path: source.path, start, end }, begin)) return
  const bytes = source.bytes === undefined ? undefined : await source.bytes()
  if (bytes !== undefined) {
    begin()
    response.end(bytes.subarray(start, end + 1))
    return
  }
  if (source.lease !== undefined && tellsWhenSent(response)) {
    return sendOpenFile(await source.lease(), part, response, begin)
  }
  return pump(await source.open(start, end), response, { size: end - start + 1, begin })
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
