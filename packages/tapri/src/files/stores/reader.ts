import { read } from 'node:fs'
import { Readable } from 'node:stream'
import type { OpenFile } from '../../http/index.ts'
import type { ByteRange } from '../store.ts'

/** Bytes of a chunk. */
const chunkSize = 128 * 1024

/** Reads a range of a shared file by position: one chunk is read at a time, the handle is given back at the end. */
export class RangeReader extends Readable {
  readonly #file: OpenFile
  #position: number
  #left: number
  #whenIdle: (() => void) | undefined
  #reading = false

  constructor(file: OpenFile, range: ByteRange) {
    // nothing is read ahead of a reader that is slow
    super({ highWaterMark: 0 })
    this.#file = file
    this.#position = range.start
    this.#left = range.end - range.start + 1
  }

  override _read(): void {
    if (this.#left <= 0) {
      this.push(null)
      return
    }
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkSize, this.#left))
    this.#reading = true
    read(this.#file.fd, buffer, 0, buffer.length, this.#position, (error, size) => {
      this.#reading = false
      this.#whenIdle?.()
      if (error !== null) this.destroy(error)
      else if (size === 0) this.destroy(new Error(`The file ends ${this.#left} bytes early`))
      else this.#take(buffer, size)
    })
  }

  #take(buffer: Buffer, size: number): void {
    this.#position += size
    this.#left -= size
    this.push(size === buffer.length ? buffer : buffer.subarray(0, size))
    if (this.#left === 0) this.push(null)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const giveBack = () => {
      this.#file.release().then(
        () => done(error),
        (cause: Error) => done(error ?? cause),
      )
    }
    // a handle that is closed under a read in flight would let it read another file
    if (this.#reading) this.#whenIdle = giveBack
    else giveBack()
  }
}
