import { ReadStream } from 'node:fs'
import type { Readable } from 'node:stream'

/** A file's bytes from `start` to `end`, both included. */
export interface FileSource {
  readonly path: string
  readonly start: number
  readonly end: number
}

const sources = new WeakMap<Readable, FileSource>()

/**
 * Says which file a stream reads, so that a runtime that can may send it by itself: the stream is then closed unread.
 * @example fromFile(stream, { path, start: 0, end: 1023 })
 */
export function fromFile<Stream extends Readable>(stream: Stream, source: FileSource): Stream {
  sources.set(stream, source)
  return stream
}

/** The file that a stream reads; undefined when it reads something else. */
export function fileOf(stream: Readable): FileSource | undefined {
  const told = sources.get(stream)
  if (told !== undefined || !(stream instanceof ReadStream) || typeof stream.path !== 'string') return told
  return {
    path: stream.path,
    start: Number(Reflect.get(stream, 'start') ?? 0),
    end: Number(Reflect.get(stream, 'end') ?? Number.POSITIVE_INFINITY),
  }
}
