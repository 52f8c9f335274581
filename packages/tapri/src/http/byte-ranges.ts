import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'

/** Bytes from `start` to `end`, both included. */
export interface Part {
  readonly start: number
  readonly end: number
}

interface Whole {
  /** Bytes. */
  readonly size: number
  readonly type: string
  open(start: number, end: number): Readable | Promise<Readable>
}

/** A body of several parts. */
export interface ByteRanges {
  readonly type: string
  /** Bytes. */
  readonly size: number
  readonly bytes: AsyncIterable<Uint8Array>
}

/**
 * Several ranges as one body, `multipart/byteranges` (RFC 9110 14.6): each is opened once the one before it is sent.
 * @example byteRanges(source, [{ start: 0, end: 9 }, { start: 90, end: 99 }]).size
 */
export function byteRanges(source: Whole, parts: readonly Part[]): ByteRanges {
  // RFC 2046 5.1.1: it may not occur in the bytes, and nobody can guess it
  const boundary = randomBytes(16).toString('hex')
  const heads = parts.map(({ start, end }, index) => {
    const range = `Content-Type: ${source.type}\r\nContent-Range: bytes ${start}-${end}/${source.size}`
    return Buffer.from(`${index === 0 ? '' : '\r\n'}--${boundary}\r\n${range}\r\n\r\n`, 'latin1')
  })
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const content = parts.reduce((sum, { start, end }) => sum + end - start + 1, 0)
  return {
    type: `multipart/byteranges; boundary=${boundary}`,
    size: heads.reduce((sum, head) => sum + head.length, 0) + content + tail.length,
    bytes: written(),
  }

  async function* written(): AsyncGenerator<Uint8Array> {
    for (const [index, { start, end }] of parts.entries()) {
      // before its head is out a source that fails can still become a problem document
      const opened = await source.open(start, end)
      try {
        yield heads[index] ?? noBytes
        yield* opened
      } finally {
        opened.destroy()
      }
    }
    yield tail
  }
}

const noBytes = new Uint8Array(0)
