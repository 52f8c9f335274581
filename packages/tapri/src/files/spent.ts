import { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { isNode } from '../kit/runtime.ts'

/** How many bytes are still in use, by the memory that they lie in. */
const inUse = new WeakMap<ArrayBufferLike, number>()

/**
 * Says that a piece of a request's body has come to its only reader: its memory is let go as soon as all of it has been spent.
 * Node's server makes each piece its own; to wait for the collector costs a large upload a third of its time and 70 MB.
 */
export function ownPiece(piece: Uint8Array, body: Readable): void {
  const isAlone = isNode && body instanceof IncomingMessage && body.listenerCount('data') === 1
  if (isAlone && piece.length > 0 && piece.length === piece.buffer.byteLength) inUse.set(piece.buffer, piece.length)
}

/** Says that nobody will look at these bytes again, which are a piece of a body, a part of one, or anything else. */
export function spend(bytes: Uint8Array): void {
  const { buffer } = bytes
  const left = inUse.get(buffer)
  if (left === undefined) return
  if (left > bytes.length) inUse.set(buffer, left - bytes.length)
  else if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
