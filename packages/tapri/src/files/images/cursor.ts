import type { FileHandle } from 'node:fs/promises'

/** Bytes that are read at a time. */
const windowSize = 65_536

/** Reads a file from its beginning on, and steps over what nobody wants. */
export class Cursor {
  readonly #file: FileHandle
  readonly #buffer = Buffer.allocUnsafe(windowSize)
  #window = Buffer.alloc(0)
  /** Where the window begins in the file. */
  #start = 0
  #position = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** The next bytes, 64 KiB at most, until others are taken; undefined when there are not as many. */
  async next(size: number): Promise<Buffer | undefined> {
    const from = this.#position - this.#start
    if (from < 0 || from + size > this.#window.length) await this.#read()
    const at = this.#position - this.#start
    if (at + size > this.#window.length) return undefined
    this.#position += size
    return this.#window.subarray(at, at + size)
  }

  /** The same; @throws RangeError when there are not as many */
  async take(size: number): Promise<Buffer> {
    const bytes = await this.next(size)
    if (bytes === undefined) throw new RangeError('The file ends early')
    return bytes
  }

  skip(size: number): void {
    this.#position += size
  }

  async #read(): Promise<void> {
    const { bytesRead } = await this.#file.read(this.#buffer, 0, windowSize, this.#position)
    this.#start = this.#position
    this.#window = this.#buffer.subarray(0, bytesRead)
  }
}
