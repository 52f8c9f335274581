import { largestText } from '../bus/index.ts'
import { maxClientFrame } from '../kit/protocol.ts'

/** Bytes of frames that travel together, with room for what is said in front of them. */
const largestPart = largestText - 4 * 1024

/**
 * Cuts the frames of a body, one on each line, into texts that the bus carries, in their order. A frame that is longer than any may
 * be is cut off where that can be told.
 * @example partsOf('{"type":"ping"}\n{"type":"pong"}') // ['{"type":"ping"}\n{"type":"pong"}']
 */
export function partsOf(body: string): string[] {
  const parts: string[] = []
  let frames: string[] = []
  let size = 0
  for (const line of body.split('\n')) {
    if (line === '') continue
    const frame = line.length <= maxClientFrame ? line : line.slice(0, maxClientFrame + 1).toWellFormed()
    const bytes = Buffer.byteLength(frame) + 1
    if (size + bytes > largestPart) {
      parts.push(frames.join('\n'))
      frames = []
      size = 0
    }
    frames.push(frame)
    size += bytes
  }
  if (frames.length > 0) parts.push(frames.join('\n'))
  return parts
}
