import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import parseRange from 'range-parser'
import { Answer } from './answer.ts'
import { failsPrecondition, isUnchanged, matchesIfRange } from './conditional.ts'
import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { type Head, mergeHeads } from './heads.ts'
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
  /** Opens the bytes from `start` to `end`, both included. Not called when no byte is to be sent. */
  open(start: number, end: number): Readable | Promise<Readable>
}

/**
 * An answer that lets callers seek, resume and revalidate: ranges and conditional requests of RFC 9110.
 * The source is closed when the caller leaves.
 * @example return sendRanges({ size, type: 'video/mp4', etag, open: (start, end) => createReadStream(path, { start, end }) })
 */
export function sendRanges(source: RangeSource): Answer<Blob | string> {
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
    return sendBytes(exchange, source)
  })
}

async function sendBytes(exchange: Exchange, source: RangeSource): Promise<void> {
  const range = rangeOf(exchange.request, source)
  const { start, end } = range ?? { start: 0, end: source.size - 1 }
  const length = end - start + 1
  if (range !== undefined) exchange.status = 206
  const own: Head = ['Content-Type', source.type, 'Content-Length', length, 'Accept-Ranges', 'bytes', ...validators(source)]
  if (range !== undefined) own.push('Content-Range', `bytes ${start}-${end}/${source.size}`)
  const page = source.type.startsWith('text/html') ? exchange.shared.heads.page : []
  const head = mergeHeads([...page, ...own], Object.entries(source.headers ?? {}).flat())
  if (exchange.request.method === 'HEAD' || length === 0) return sendEmpty(exchange, head)
  const bytes = await source.open(start, end)
  return sendStream(exchange, bytes, head)
}

/** The range to serve; undefined for the whole. */
function rangeOf(request: IncomingMessage, source: RangeSource): { start: number; end: number } | undefined {
  const header = request.headers.range
  // RFC 9110 14.2: ranges mean something for GET only
  if (header === undefined || request.method !== 'GET' || !matchesIfRange(request, source)) return undefined
  if (!header.startsWith('bytes=')) return undefined
  const ranges = parseRange(source.size, clampSuffix(header, source.size), { combine: true })
  if (ranges === -1) {
    throw httpError('TAPRI_HTTP_RANGE', `Cannot serve the range "${header.slice(0, 100)}": there are ${source.size} bytes`, {
      facts: { size: source.size },
    })
  }
  // A text that is no range, and several ranges that do not touch, are answered with the whole
  return ranges === -2 || ranges.length > 1 ? undefined : ranges[0]
}

/** RFC 9110 14.1.2: the last 500 of 300 bytes are all of them; range-parser calls that unsatisfiable. */
function clampSuffix(header: string, size: number): string {
  const match = /^bytes=-(\d+)$/.exec(header)
  return match !== null && Number(match[1]) > size ? `bytes=-${size}` : header
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
