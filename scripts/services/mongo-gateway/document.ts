// BSON as bytes: a command is taken apart and put together without being decoded, so that what the engine gets is what
// the driver sent, in type and in order.

/** One field of a document: its type, its name, and its bytes with type and name. */
export interface Element {
  readonly type: number
  readonly name: string
  readonly bytes: Buffer
}

const arrayType = 4

/** The fields of a document. */
export function elementsOf(document: Buffer): Element[] {
  const elements: Element[] = []
  let position = 4
  while (position < document.length - 1) {
    const type = document.readUInt8(position)
    const nameEnd = document.indexOf(0, position + 1)
    const end = nameEnd + 1 + valueLength(document, type, nameEnd + 1)
    elements.push({ type, name: document.toString('utf8', position + 1, nameEnd), bytes: document.subarray(position, end) })
    position = end
  }
  return elements
}

/** A document of these fields. */
export function documentOf(elements: readonly Element[]): Buffer {
  return framed(elements.map(({ bytes }) => bytes))
}

/** A field that holds an array of documents, as `documents` in an insert. */
export function arrayElement(name: string, documents: readonly Buffer[]): Element {
  const entries = documents.map((document, index) => Buffer.concat([Buffer.from(`\u0003${index}\0`), document]))
  return {
    type: arrayType,
    name,
    bytes: Buffer.concat([Buffer.of(arrayType), Buffer.from(`${name}\0`), framed(entries)]),
  }
}

/** A field that holds a document. */
export function documentElement(name: string, document: Buffer): Element {
  return { type: 3, name, bytes: Buffer.concat([Buffer.of(3), Buffer.from(`${name}\0`), document]) }
}

/** A field's value by itself; of a document or an array that is a document. */
export function contentOf({ name, bytes }: Element): Buffer {
  return bytes.subarray(Buffer.byteLength(name) + 2)
}

/** The same value by another name. */
export function renamed(element: Element, name: string): Element {
  return { ...element, name, bytes: Buffer.concat([Buffer.of(element.type), Buffer.from(`${name}\0`), contentOf(element)]) }
}

function framed(parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 5)
  const head = Buffer.alloc(4)
  head.writeInt32LE(length)
  return Buffer.concat([head, ...parts, Buffer.alloc(1)], length)
}

// bsonspec.org 1.1: types of a fixed length, those that carry it, and two that end with a NUL
const fixed: ReadonlyMap<number, number> = new Map([
  [0x01, 8],
  [0x06, 0],
  [0x07, 12],
  [0x08, 1],
  [0x09, 8],
  [0x0a, 0],
  [0x10, 4],
  [0x11, 8],
  [0x12, 8],
  [0x13, 16],
  [0x7f, 0],
  [0xff, 0],
])
const afterLength: ReadonlyMap<number, number> = new Map([
  [0x02, 4],
  [0x03, 0],
  [0x04, 0],
  [0x05, 5],
  [0x0c, 16],
  [0x0d, 4],
  [0x0e, 4],
  [0x0f, 0],
])

function valueLength(document: Buffer, type: number, start: number): number {
  const known = fixed.get(type)
  if (known !== undefined) return known
  const more = afterLength.get(type)
  if (more !== undefined) return document.readInt32LE(start) + more
  if (type !== 0x0b) throw new Error(`Cannot read BSON: 0x${type.toString(16)} is no type`)
  // a regular expression: its pattern and its options
  return document.indexOf(0, document.indexOf(0, start) + 1) + 1 - start
}
