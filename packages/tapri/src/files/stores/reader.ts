import { read } from 'node:fs'
import { Readable } from 'node:stream'
import { lending } from '../../http/index.ts'
import type { ByteRange } from '../store.ts'
import { Chunks } from './buffers.ts'
import type { Lease } from './handles.ts'

/** Bytes of a chunk that is given for good. */
const chunkSize = 128 * 1024

/** Reads a range of a shared file by position: one chunk is read at a time, the handle is given back at the end. */
export class RangeReader extends Readable {
  readonly #lease: Lease
  #position: number
  #left: number
  #whenIdle: (() => void) | undefined
  #reading = false
  #chunks: Chunks | undefined
  /** Chunks that are being sent, in their order. */
  readonly #lent: Buffer[] = []

  constructor(lease: Lease, range: ByteRange) {
    // nothing is read ahead of a reader that is slow
    super({ highWaterMark: 0 })
    this.#lease = lease
    this.#position = range.start
    this.#left = range.end - range.start + 1
    lending(this, () => this.#lend())
  }

  #lend(): () => void {
    const chunks = new Chunks(this.#left)
    this.#chunks = chunks
    return () => {
      const chunk = this.#lent.shift()
      if (chunk !== undefined) chunks.give(chunk)
    }
  }

  override _read(): void {
    if (this.#left <= 0) {
      this.push(null)
      return
    }
    const buffer = this.#chunks?.take(this.#left) ?? Buffer.allocUnsafeSlow(Math.min(chunkSize, this.#left))
    this.#reading = true
    read(this.#lease.handle.fd, buffer, 0, Math.min(buffer.length, this.#left), this.#position, (error, size) => {
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
    if (this.#chunks !== undefined) this.#lent.push(buffer)
    this.push(size === buffer.length ? buffer : buffer.subarray(0, size))
    if (this.#left === 0) this.push(null)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#chunks?.end()
    const giveBack = () => {
      this.#lease.release().then(
        () => done(error),
        (cause: Error) => done(error ?? cause),
      )
    }
    // a handle that is closed under a read in flight would let it read another file
    if (this.#reading) this.#whenIdle = giveBack
    else giveBack()
  }
}
