import type { Part } from './byte-ranges.ts'
import { encodingOf } from './encoded.ts'
import type { Exchange } from './exchange.ts'
import { type Head, type Heads, mergeHeads } from './heads.ts'

/** What the head of an answer in ranges says. */
export interface RangeFacts {
  /** Bytes. */
  readonly size: number
  readonly type: string
  /** With its quotes, `"5f3-18c"`. */
  readonly etag?: string
  readonly lastModified?: Date
  /** More headers of the answer; they win over the server's own. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The heads of the whole as it is and of a part of it, made once: an answer may be given many times. */
export interface Ready {
  /** Of the server that they are for. */
  heads: Heads | undefined
  whole: Head | undefined
  part: PartHead | undefined
}

/** A head with places for what differs from part to part. */
interface PartHead {
  readonly head: Head
  readonly lengthAt: number
  readonly rangeAt: number
}

export function readyWhole(exchange: Exchange, source: RangeFacts, ready: Ready): Head {
  forServer(ready, exchange)
  ready.whole ??= headAsItIs(exchange, source, undefined)
  return ready.whole
}

export function readyPart(exchange: Exchange, source: RangeFacts, ready: Ready): PartHead {
  forServer(ready, exchange)
  if (ready.part !== undefined) return ready.part
  const head = headAsItIs(exchange, source, { start: 0, end: 0 })
  ready.part = { head, lengthAt: head.indexOf('Content-Length') + 1, rangeAt: head.indexOf('Content-Range') + 1 }
  return ready.part
}

/** `writeHead` reads the array at once and keeps nothing of it, so one array serves every part. */
export function filledPart({ head, lengthAt, rangeAt }: PartHead, { start, end }: Part, { size }: RangeFacts): Head {
  head[lengthAt] = end - start + 1
  head[rangeAt] = `bytes ${start}-${end}/${size}`
  return head
}

function forServer(ready: Ready, { shared }: Exchange): void {
  if (ready.heads === shared.heads) return
  ready.heads = shared.heads
  ready.whole = undefined
  ready.part = undefined
}

function headAsItIs(exchange: Exchange, source: RangeFacts, range: Part | undefined): Head {
  const { head } = encodingOf(exchange, headOf(exchange, source, range))
  return mergeHeads(exchange.shared.heads.security, head)
}

export function headOf({ shared }: Exchange, source: RangeFacts, range: Part | undefined): Head {
  const { start, end } = range ?? { start: 0, end: source.size - 1 }
  const own: Head = ['Content-Type', source.type, 'Content-Length', end - start + 1, 'Accept-Ranges', 'bytes']
  own.push(...validators(source))
  if (range !== undefined) own.push('Content-Range', `bytes ${start}-${end}/${source.size}`)
  const page = source.type.startsWith('text/html') ? shared.heads.page : []
  return mergeHeads([...page, ...own], Object.entries(source.headers ?? {}).flat())
}

function validators(source: RangeFacts): Head {
  const head: Head = []
  if (source.etag !== undefined) head.push('ETag', source.etag)
  if (source.lastModified !== undefined) head.push('Last-Modified', source.lastModified.toUTCString())
  return head
}

/** RFC 9110 15.4.5: a 304 carries what the 200 would say about caching. */
export function revalidation(source: RangeFacts): Head {
  const kept = Object.entries(source.headers ?? {}).filter(([name]) => /^(?:cache-control|vary|expires)$/i.test(name))
  return [...validators(source), ...kept.flat()]
}
