import { Readable } from 'node:stream'
import type { Row } from '../row.ts'

export const streamSize = 14_000_000
const piece = Buffer.alloc(65_536, 'kites ')

/** The bytes in pieces, as a file or another server would give them. */
export function* streamPieces(): Generator<Buffer<ArrayBuffer>> {
  for (let left = streamSize; left > 0; left -= piece.length) yield left < piece.length ? piece.subarray(0, left) : piece
}

/** The same as a stream of Node. */
export function streamOfPieces(): Readable {
  return Readable.from(streamPieces(), { objectMode: false })
}

/** The same as a web-standard stream, made as its source is asked. */
export function webStreamOfPieces(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = streamPieces()
  return new ReadableStream({
    pull(controller) {
      const { value, done } = pieces.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
  })
}

export const stream: Row = {
  name: 'stream',
  meaning: '14 MB as a stream of 64 kB pieces',
  path: '/stream',
  connections: 4,
  status: 200,
  type: 'application/octet-stream',
  answer: Buffer.concat([...streamPieces()]),
}
