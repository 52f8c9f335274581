import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { outgoingOf } from './adapters/outgoing.ts'

/** Begins the lending; what it answers is called once for each chunk, in their order, when that has been sent. */
export type Lend = () => () => void

/** On the stream itself: a WeakMap keeps its keys past the quick collections of garbage when its values know them. */
const lender = Symbol('lender')

/**
 * Says that a stream can lend its chunks: their memory is used again once they have been sent. It must not before `lend` was
 * called, as others may keep what they read.
 * @example lending(stream, () => () => free.push(lent.shift()))
 */
export function lending<Stream extends Readable>(stream: Stream, lend: Lend): Stream {
  Reflect.set(stream, lender, lend)
  return stream
}

/** What is to be called for each chunk of a source that this answer has sent; undefined when its chunks are given for good. */
export function borrow(source: Readable, response: ServerResponse): (() => void) | undefined {
  // another's `write` may keep what it is given, and not tell when it is done
  const isOurs = outgoingOf(response) === undefined && !Object.hasOwn(response, 'write')
  const lend: Lend | undefined = Reflect.get(source, lender)
  return isOurs ? lend?.() : undefined
}
