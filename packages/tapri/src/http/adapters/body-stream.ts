import { Readable } from 'node:stream'

/** The body of a web-standard request as a stream of Node; `onBytes` is told of each piece as it comes. */
export class BodyStream extends Readable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  readonly #onBytes: (size: number) => void

  constructor(body: ReadableStream<Uint8Array> | null, onBytes: (size: number) => void) {
    super()
    this.#reader = body?.getReader()
    this.#onBytes = onBytes
    // a sender who leaves is told to whoever listens; unheard it would end the process
    this.on('error', () => {})
  }

  override _read(): void {
    if (this.#reader === undefined) {
      this.push(null)
      return
    }
    this.#reader.read().then(
      ({ done, value }) => {
        if (done) {
          this.push(null)
          return
        }
        this.#onBytes(value.byteLength)
        this.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
      },
      (cause: Error) => this.destroy(cause),
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#reader?.cancel().catch(() => undefined)
    done(error)
  }
}
