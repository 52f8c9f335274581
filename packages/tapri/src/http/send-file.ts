import { read } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { isNode } from '../kit/runtime.ts'
import { outgoingOf } from './adapters/outgoing.ts'
import type { Part } from './byte-ranges.ts'
import { forgetChunk, giveChunk, takeChunk } from './chunks.ts'
import { httpError } from './errors.ts'
import type { OpenFile } from './open-file.ts'
import { type Turn, Turns } from './turns.ts'

/** Whether this answer tells when bytes have been sent, so that their memory can be used again. */
export function tellsWhenSent(response: ServerResponse): boolean {
  // another's `write` may keep what it is given, and not tell when it is done
  const isOwn = Object.hasOwn(response, 'write') || Object.hasOwn(response, 'end')
  return isNode && !isOwn && outgoingOf(response) === undefined
}

/**
 * Sends a part of a file at the pace that the caller takes it: a chunk is read when the one before has been sent, into memory
 * that was used before, and the file is released at the end. `begin` writes the head, once the first bytes are there. Rejects
 * when they cannot be read; the answer is destroyed if it had begun.
 * @throws TAPRI_HTTP_ANSWER when the file is shorter than was said
 */
export function sendOpenFile(file: OpenFile, part: Part, response: ServerResponse, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    new Sending(file, part, response, { begin, resolve, reject }).start()
  })
}

interface Ends {
  begin(): void
  resolve(): void
  reject(error: unknown): void
}

class Sending implements Turn {
  readonly #file: OpenFile
  readonly #response: ServerResponse
  readonly #ends: Ends
  #position: number
  #left: number
  /** Lent for what is being read or sent. */
  #chunk: Buffer | undefined
  #isReading = false
  #hasBegun = false
  #isOver = false

  constructor(file: OpenFile, { start, end }: Part, response: ServerResponse, ends: Ends) {
    this.#file = file
    this.#response = response
    this.#ends = ends
    this.#position = start
    this.#left = end - start + 1
  }

  start(): void {
    this.#response.once('close', this.#onClose)
    if (this.#response.destroyed) this.#onClose()
    else reads.ask(this)
  }

  /** Reads the next chunk; false when nothing more is to be read. */
  begin(): boolean {
    if (this.#isOver) return false
    const chunk = takeChunk(this.#left)
    this.#chunk = chunk
    this.#isReading = true
    read(this.#file.fd, chunk, 0, Math.min(chunk.length, this.#left), this.#position, this.#onRead)
    return true
  }

  readonly #onRead = (error: Error | null, size: number): void => {
    this.#isReading = false
    if (this.#isOver) {
      this.#giveBack()
      this.#release()
    } else if (error !== null) this.#fail(error)
    else if (size === 0) this.#fail(tooShort(this.#left))
    else this.#send(size)
    reads.next()
  }

  #send(size: number): void {
    const chunk = this.#chunk ?? nothing
    const bytes = size === chunk.length ? chunk : chunk.subarray(0, size)
    this.#position += size
    this.#left -= size
    if (!this.#hasBegun && !this.#writeHead()) return
    if (this.#left === 0) this.#response.end(bytes, this.#onSent)
    else this.#response.write(bytes, this.#onSent)
  }

  #writeHead(): boolean {
    try {
      this.#ends.begin()
      this.#hasBegun = true
      return true
    } catch (error) {
      // a head that the runtime refuses; thrown from here it would end the process
      this.#fail(error)
      return false
    }
  }

  readonly #onSent = (error?: Error | null): void => {
    if (this.#isOver) return
    if (error) {
      this.#finish()
      return
    }
    this.#giveBack()
    if (this.#left > 0) reads.ask(this)
    else this.#finish()
  }

  /** The caller has left, or the connection is lost. */
  readonly #onClose = (): void => {
    if (!this.#isOver) this.#finish()
  }

  #fail(error: unknown): void {
    // rejected first: closing the answer would settle it as the caller's leaving
    this.#ends.reject(error)
    this.#finish()
    if (this.#hasBegun) this.#response.destroy()
  }

  #finish(): void {
    this.#isOver = true
    this.#response.off('close', this.#onClose)
    this.#ends.resolve()
    // a file that is closed under a read in flight would let it read another one
    if (this.#isReading) return
    // what is still being sent is not for others yet
    if (this.#chunk !== undefined) forgetChunk(this.#chunk)
    this.#chunk = undefined
    this.#release()
  }

  #giveBack(): void {
    if (this.#chunk !== undefined) giveChunk(this.#chunk)
    this.#chunk = undefined
  }

  #release(): void {
    // what was only read loses nothing when it cannot be closed
    this.#file.release().catch(() => {})
  }
}

const nothing = Buffer.alloc(0)

/** Reads of all answers: four threads do them, and memory is lent from their beginning on. */
const reads = new Turns(16)

function tooShort(left: number) {
  return httpError('TAPRI_HTTP_ANSWER', `Cannot send the whole answer: the file ends ${left} bytes early`)
}
