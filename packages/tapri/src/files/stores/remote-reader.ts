import { Readable } from 'node:stream'
import { notFound } from '../../kit/errors.ts'
import { filesError } from '../errors.ts'
import type { ByteRange } from '../store.ts'

const mostAttempts = 3

/** Bytes on their way, and how many they are. */
export interface Body {
  readonly body: Readable
  readonly size: number
}

/** Opens a file of a server, or a range of it; `open` answers undefined when there is none.
 * @throws TAPRI_NOT_FOUND */
export async function readRemote(
  key: string,
  range: ByteRange | undefined,
  open: (range?: ByteRange) => Promise<Body | undefined>,
): Promise<Readable> {
  const find = async (wanted?: ByteRange): Promise<Body> => {
    const found = await open(wanted)
    if (found === undefined) throw notFound(`No bytes are kept as "${key}"`)
    return found
  }
  // a range of no bytes cannot be asked for over HTTP
  const isEmpty = range !== undefined && range.end < range.start
  const { body, size } = await find(isEmpty ? undefined : range)
  const { start, end } = range ?? { start: 0, end: size - 1 }
  if (isEmpty) body.destroy()
  return new RemoteReader({ open: async (from) => (await find({ start: from, end })).body, start, end }, body)
}

export interface Opening {
  /** Opens the bytes from a position to `end`. */
  open(start: number): Promise<Readable>
  readonly start: number
  /** Of the last byte. */
  readonly end: number
}

/**
 * Reads bytes over a network: where the line breaks it is opened again at that byte, which never change under a key. It is not
 * opened before somebody asks for more: who waits for long holds no line that the server has ended.
 */
export class RemoteReader extends Readable {
  readonly #opening: Opening
  #body: Readable | undefined
  #position: number
  #attempts = 0
  #isWanted = false
  #broken: Error | undefined

  constructor(opening: Opening, body: Readable) {
    // one byte: nothing is read ahead of a reader that is slow
    super({ highWaterMark: 1 })
    this.#opening = opening
    this.#position = opening.start
    this.#attach(body)
  }

  override _read(): void {
    this.#isWanted = true
    this.#body?.resume()
    if (this.#broken !== undefined) this.#openAgain(this.#broken)
  }

  #attach(body: Readable): void {
    this.#body = body
    let hasEnded = false
    const end = (cause?: Error): void => {
      if (hasEnded) return
      hasEnded = true
      this.#body = undefined
      this.#goOn(cause ?? new Error('The line was cut'))
    }
    // flowing only when asked: a listener alone would start it
    body.pause()
    body.on('data', (chunk: Buffer) => {
      this.#position += chunk.length
      this.#attempts = 0
      this.#isWanted = this.push(chunk)
      if (!this.#isWanted) body.pause()
    })
    body.on('end', () => end())
    body.on('error', end)
    body.on('close', () => end())
  }

  #goOn(cause: Error): void {
    if (this.destroyed) return
    if (this.#position > this.#opening.end) this.push(null)
    else if (this.#isWanted) this.#openAgain(cause)
    else this.#broken = cause
  }

  #openAgain(cause: Error): void {
    this.#broken = undefined
    if (++this.#attempts > mostAttempts) {
      this.destroy(
        filesError('TAPRI_FILES_STORE', 'Cannot read on: the line to the store breaks again and again', { cause, status: 503 }),
      )
      return
    }
    this.#opening.open(this.#position).then(
      (body) => {
        this.#attach(body)
        if (this.destroyed) body.destroy()
        else body.resume()
      },
      (error: Error) => this.destroy(error),
    )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#body?.destroy()
    done(error)
  }
}
