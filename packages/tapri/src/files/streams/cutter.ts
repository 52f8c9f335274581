import type { Readable } from 'node:stream'
import { filesError } from '../errors.ts'
import { FragmentScanner } from '../media/fragments.ts'

export interface Cutting {
  /** Takes what players need before any piece. */
  head(bytes: Buffer, codecs: readonly string[]): Promise<void>
  /** Takes a piece of so many seconds. */
  piece(bytes: Buffer, duration: number): Promise<void>
}

/** Bytes between two key frames: more than a minute of the finest picture. A sender without any would fill the memory, of ffmpeg
 * first, which gives nothing out before the next one. */
export const mostHeld = 48 * 1024 * 1024

/** Cuts a fragmented MP4 into its head and its pieces while it comes, no faster than these are taken.
 * @throws TAPRI_FILES_STREAM */
export async function cut(output: Readable, taking: Cutting): Promise<void> {
  const scanner = new FragmentScanner()
  const held = new Held()
  let isHeadTaken = false
  for await (const chunk of output) {
    const bytes: Buffer = chunk
    held.add(bytes)
    const fragments = scanner.write(bytes)
    if (!isHeadTaken && scanner.head !== undefined) {
      isHeadTaken = true
      await taking.head(held.take(0, scanner.head.size), scanner.head.codecs)
    }
    for (const { start, size, duration } of fragments) await taking.piece(held.take(start, size), duration)
    if (held.size > mostHeld) throw fewKeyFrames()
  }
}

export function fewKeyFrames() {
  return filesError(
    'TAPRI_FILES_STREAM',
    'Cannot take the stream: it has hardly any key frames; send one every two seconds (-g 60 at 30 pictures a second)',
  )
}

/** Bytes of a stream that have come and are in no piece yet. */
class Held {
  #chunks: Buffer[] = []
  /** Bytes of the stream before them. */
  #start = 0
  size = 0

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.size += chunk.length
  }

  /** Takes bytes of the stream out, and lets go of all before them. */
  take(start: number, size: number): Buffer {
    const all = Buffer.concat(this.#chunks)
    const from = start - this.#start
    const rest = all.subarray(from + size)
    this.#chunks = [rest]
    this.#start = start + size
    this.size = rest.length
    return all.subarray(from, from + size)
  }
}
