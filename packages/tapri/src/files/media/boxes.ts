/** One box of an MP4 (ISO/IEC 14496-12) that has come whole. */
export interface Box {
  readonly type: string
  /** Bytes before it. */
  readonly start: number
  /** Bytes, its header too. */
  readonly size: number
  /** What is in it, of those that say how others are to be read. */
  readonly body: Buffer | undefined
}

const headerSize = 8
/** What says something is small; more than this is no film of ours. */
const mostBody = 16 * 1024 * 1024
const kept = new Set(['moov', 'moof'])

/** Tells the boxes of an MP4 apart while its bytes come. */
export class BoxScanner {
  #position = 0
  /** The header of the next box as far as it has come. */
  #header: Buffer = Buffer.alloc(0)
  #current: { readonly type: string; readonly start: number; readonly size: number } | undefined
  #body: Buffer[] = []

  /** Answers the boxes that end in this chunk.
   * @throws RangeError when the bytes are no MP4 */
  write(chunk: Uint8Array): readonly Box[] {
    const boxes: Box[] = []
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    while (rest.length > 0) {
      rest = this.#current === undefined ? this.#readHeader(rest) : rest
      if (this.#current === undefined) break
      const left = this.#current.start + this.#current.size - this.#position
      const taken = rest.subarray(0, left)
      if (kept.has(this.#current.type)) this.#body.push(Buffer.from(taken))
      this.#position += taken.length
      rest = rest.subarray(taken.length)
      if (taken.length === left) boxes.push(this.#end(this.#current))
    }
    return boxes
  }

  #readHeader(rest: Buffer): Buffer {
    const isLarge = this.#header.length >= headerSize && this.#header.readUInt32BE(0) === 1
    const wanted = (isLarge ? 16 : headerSize) - this.#header.length
    this.#header = Buffer.concat([this.#header, rest.subarray(0, wanted)])
    const after = rest.subarray(wanted)
    if (this.#header.length < headerSize) return after
    const small = this.#header.readUInt32BE(0)
    if (small === 1 && this.#header.length < 16) return after.length > 0 ? this.#readHeader(after) : after
    const size = small === 1 ? Number(this.#header.readBigUInt64BE(8)) : small
    const type = this.#header.toString('latin1', 4, 8)
    if (size < this.#header.length) throw new RangeError(`The box "${type}" says that it has ${size} bytes`)
    if (kept.has(type) && size > mostBody) throw new RangeError(`The box "${type}" is larger than any of ours`)
    this.#current = { type, start: this.#position, size }
    this.#position += this.#header.length
    this.#header = Buffer.alloc(0)
    return after
  }

  #end(box: { readonly type: string; readonly start: number; readonly size: number }): Box {
    const body = kept.has(box.type) ? Buffer.concat(this.#body) : undefined
    this.#current = undefined
    this.#body = []
    return { ...box, body }
  }
}

/** The bodies of all boxes of a type directly in a body, in their order. */
export function boxesIn(body: Buffer, type: string): readonly Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at + headerSize <= body.length; ) {
    const size = body.readUInt32BE(at)
    if (size < headerSize || at + size > body.length) break
    if (body.toString('latin1', at + 4, at + 8) === type) found.push(body.subarray(at + headerSize, at + size))
    at += size
  }
  return found
}

/** The body of the first box at the end of a path of types. */
export function boxAt(body: Buffer, path: readonly string[]): Buffer | undefined {
  let found: Buffer | undefined = body
  for (const type of path) found = found === undefined ? undefined : boxesIn(found, type)[0]
  return found
}
