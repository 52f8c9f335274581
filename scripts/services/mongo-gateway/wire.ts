// The MongoDB wire protocol, as far as today's drivers speak it: OP_MSG, and OP_QUERY for the first hello.
import { arrayElement, type Element, elementsOf } from './document.ts'

/** What a driver sent. */
export interface Message {
  readonly id: number
  readonly operation: number
  readonly elements: readonly Element[]
  /** Whether the driver waits for no answer. */
  readonly isSilent: boolean
  /** Whether it takes more answers than one. */
  readonly takesMore: boolean
}

const opQuery = 2004
const opMessage = 2013
const opReply = 1
const hasChecksum = 1
const moreToCome = 2
const exhaustAllowed = 0x1_0000

/** Cuts a stream of bytes into messages; what is cut off waits for the next chunk. */
export function messageReader(onMessage: (message: Message) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0)
      onMessage(readMessage(rest.subarray(0, length)))
      rest = rest.subarray(length)
    }
  }
}

function readMessage(bytes: Buffer): Message {
  const operation = bytes.readInt32LE(12)
  const head = { id: bytes.readInt32LE(4), operation }
  if (operation === opMessage) return { ...head, ...readSections(bytes) }
  if (operation !== opQuery) throw new Error(`Cannot read a message: ${operation} is not an operation of today's drivers`)
  // flags, the collection's name, how many to skip and to return
  const start = bytes.indexOf(0, 20) + 1 + 8
  return { ...head, elements: elementsOf(documentAt(bytes, start)), isSilent: false, takesMore: false }
}

function readSections(bytes: Buffer): Omit<Message, 'id' | 'operation'> {
  const flags = bytes.readUInt32LE(16)
  const end = bytes.length - (flags & hasChecksum ? 4 : 0)
  const elements: Element[] = []
  let position = 20
  while (position < end) {
    const kind = bytes.readUInt8(position)
    const length = bytes.readInt32LE(position + 1)
    const section = bytes.subarray(position + 1, position + 1 + length)
    if (kind === 0) elements.unshift(...elementsOf(section))
    else elements.push(readSequence(section))
    position += 1 + length
  }
  return { elements, isSilent: (flags & moreToCome) !== 0, takesMore: (flags & exhaustAllowed) !== 0 }
}

function readSequence(section: Buffer): Element {
  const nameEnd = section.indexOf(0, 4)
  const documents: Buffer[] = []
  let position = nameEnd + 1
  while (position < section.length) {
    const document = documentAt(section, position)
    documents.push(document)
    position += document.length
  }
  return arrayElement(section.toString('utf8', 4, nameEnd), documents)
}

function documentAt(bytes: Buffer, start: number): Buffer {
  return bytes.subarray(start, start + bytes.readInt32LE(start))
}

/** The bytes that answer a message with a document, and may say that another answer comes by itself. */
export function answerTo({ id, operation }: Message, document: Buffer, { more = false } = {}): Buffer {
  const head = operation === opQuery ? replyHead() : Buffer.alloc(21)
  head.writeInt32LE(head.length + document.length, 0)
  head.writeInt32LE(id, 8)
  head.writeInt32LE(operation === opQuery ? opReply : opMessage, 12)
  if (more) head.writeUInt32LE(moreToCome, 16)
  return Buffer.concat([head, document])
}

function replyHead(): Buffer {
  const head = Buffer.alloc(36)
  head.writeInt32LE(8, 16)
  head.writeInt32LE(1, 32)
  return head
}
