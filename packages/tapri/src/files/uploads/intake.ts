import { Transform, type TransformCallback } from 'node:stream'
import { TapriError } from '../../kit/errors.ts'
import { type Body, isCutOff } from '../body.ts'
import { headSize } from '../content-type.ts'
import { filesError } from '../errors.ts'
import { ownPiece } from '../spent.ts'

export interface IntakeOptions {
  /** Bytes that may come. */
  readonly most: number
  /** Why more may not. */
  readonly tooMuch: () => Error
  /** Sees each piece before it is kept. */
  readonly see: (chunk: Uint8Array) => void
  /** Judges the first bytes of the file, before any of them is kept; undefined when they have been judged. */
  readonly judge: ((head: Uint8Array) => Promise<void>) | undefined
  /** Ends it early: what has come is kept. */
  readonly signal: AbortSignal
}

/** A request's body on its way into the store: it ends where the body does, in its midst too, so that what came is kept. */
export class Intake extends Transform {
  readonly #body: Body
  readonly #options: IntakeOptions
  #head: Uint8Array[] | undefined
  #size = 0
  /** Why the body is not whole. */
  cause: Error | undefined
  #isWhole = false

  constructor(body: Body, options: IntakeOptions) {
    // one piece at a time on the way out: several would be copied into one to be read
    super({ writableHighWaterMark: 256 * 1024, readableHighWaterMark: 1 })
    this.#body = body
    this.#options = options
    this.#head = options.judge === undefined ? undefined : []
    // whoever reads it hears of it too, if later
    this.on('error', () => {})
    this.#follow(body)
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    ownPiece(chunk, this.#body)
    this.#size += chunk.length
    if (this.#size > this.#options.most) done(this.#options.tooMuch())
    else if (this.#head === undefined) this.#pass(chunk, done)
    else this.#gather(this.#head, chunk).then(() => done(), done)
  }

  override _flush(done: TransformCallback): void {
    // too few to be judged now; they are when the file is whole
    for (const chunk of this.#head ?? []) this.#give(chunk)
    done()
  }

  #follow(body: Body): void {
    const stop = (cause: Error) => {
      if (this.#isWhole || this.cause !== undefined) return
      this.cause = cause
      body.unpipe(this)
      this.end()
    }
    const left = (cause?: unknown) => stop(cause instanceof TapriError ? cause : gone())
    const end = () => {
      if (isCutOff(body)) left()
      else this.#isWhole = true
    }
    const over = () => stop(reasonOf(this.#options.signal))
    body.once('end', end).once('error', left).once('close', left)
    this.#options.signal.addEventListener('abort', over)
    this.once('close', () => {
      body.off('end', end).off('error', left).off('close', left).unpipe(this)
      this.#options.signal.removeEventListener('abort', over)
    })
    body.pipe(this)
    if (this.#options.signal.aborted) over()
    else if (body.destroyed && !body.readableEnded) left(body.errored)
  }

  async #gather(head: Uint8Array[], chunk: Uint8Array): Promise<void> {
    head.push(chunk)
    if (this.#size < headSize) return
    await this.#options.judge?.(Buffer.concat(head).subarray(0, headSize))
    this.#head = undefined
    for (const each of head) this.#give(each)
  }

  #pass(chunk: Uint8Array, done: TransformCallback): void {
    this.#give(chunk)
    done()
  }

  #give(chunk: Uint8Array): void {
    this.#options.see(chunk)
    this.push(chunk)
  }
}

function gone() {
  return filesError('TAPRI_FILES_ABORTED', 'The sender went away before its request was whole; what came of it is kept')
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : gone()
}
