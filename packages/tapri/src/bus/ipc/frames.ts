import { largestText } from '../limits.ts'

/** What one frame says; `done` answers each of the others but `publish` from the switchboard, in their order. */
export const kinds = { publish: 1, listen: 2, unlisten: 3, ping: 4, done: 5 } as const

export interface Frame {
  readonly kind: number
  readonly topic: string
  /** The text as it came. */
  readonly text: Buffer
  /** The whole frame, to be passed on as it is. */
  readonly bytes: Buffer
}

const head = 7
/** Topics have 200 characters at most. */
const largestFrame = head + 800 + largestText

/** A frame as it travels: length of what follows (32 bits), kind (8), bytes of the topic (16), topic, text. */
export function frameOf(kind: number, topic = '', text = ''): Buffer {
  const topicSize = Buffer.byteLength(topic)
  const size = head + topicSize + Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(size)
  bytes.writeUInt32BE(size - 4, 0)
  bytes.writeUInt8(kind, 4)
  bytes.writeUInt16BE(topicSize, 5)
  bytes.write(topic, head)
  bytes.write(text, head + topicSize)
  return bytes
}

/**
 * Gives the frames in what comes, chunk by chunk; throws at one that nobody of us has sent.
 * @example socket.on('data', frameReader((frame) => answer(frame)))
 */
export function frameReader(take: (frame: Frame) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (bytes.length >= head) {
      const size = bytes.readUInt32BE(0) + 4
      const textAt = head + bytes.readUInt16BE(5)
      if (size > largestFrame || textAt > size) throw new Error('the other side speaks another language')
      if (bytes.length < size) break
      const frame = bytes.subarray(0, size)
      take({ kind: frame.readUInt8(4), topic: frame.toString('utf8', head, textAt), text: frame.subarray(textAt), bytes: frame })
      bytes = bytes.subarray(size)
    }
    rest = bytes
  }
}
