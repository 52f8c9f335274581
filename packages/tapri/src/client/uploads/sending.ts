import type { Uploaded } from '../../app/types.ts'
import { TapriError } from '../../kit/errors.ts'
import { eitherOf, unlessAborted } from '../deadline.ts'
import { clientError } from '../errors.ts'
import { notify } from '../notify.ts'
import { isTransient } from '../repeat.ts'
import { uses } from './given.ts'
import type { Remembered } from './memory.ts'
import { type Consignment, LostPlace, Transfer } from './transfer.ts'
import { Tries } from './tries.ts'
import type { Upload, UploadOptions, UploadState } from './types.ts'

interface Task extends Consignment {
  /** Milliseconds that it is tried again without a byte that gets through. */
  readonly patience: number
  readonly remembered: Promise<Remembered | undefined>
  readonly signal: AbortSignal | undefined
  readonly onProgress: UploadOptions['onProgress']
}

/** One file on its way: paused, tried again, ended. */
export class Sending implements Upload {
  readonly done: Promise<Uploaded>
  readonly #task: Task
  readonly #transfer: Transfer
  readonly #listeners = new Set<() => void>()
  readonly #ending = new AbortController()
  /** Ends when it is cancelled, or its caller leaves. */
  readonly #ends: AbortSignal
  #state: UploadState
  /** Ends what is under way now: a request, or the wait before the next. */
  #turn = new AbortController()
  #paused: PromiseWithResolvers<void> | undefined
  #tries: Tries

  constructor(task: Task) {
    this.#task = task
    this.#transfer = new Transfer(task, { onSent: (sent) => this.#tell(sent), onGain: () => this.#beginTries() })
    this.#ends = eitherOf(this.#ending.signal, task.signal)
    this.#state = { stage: 'sending', sent: 0, total: task.file.size, error: undefined }
    this.#tries = new Tries(task.clock)
    this.done = this.#run()
    // its state tells it too, and who only looks there does not catch it
    this.done.catch(() => {})
  }

  get state(): UploadState {
    return this.#state
  }

  onState(listener: () => void): () => void {
    const own = () => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  pause(): void {
    const { stage } = this.#state
    if (stage !== 'sending' && stage !== 'waiting') return
    this.#paused = Promise.withResolvers()
    this.#become({ stage: 'paused', error: undefined })
    this.#turn.abort()
  }

  resume(): void {
    const { stage } = this.#state
    if (stage !== 'paused' && stage !== 'waiting') return
    this.#beginTries()
    this.#become({ stage: 'sending', error: undefined })
    this.#paused?.resolve()
    this.#paused = undefined
    if (stage === 'waiting') this.#turn.abort()
  }

  async cancel(): Promise<void> {
    const { stage } = this.#state
    if (stage === 'done' || stage === 'failed' || stage === 'cancelled') return
    const { name } = this.#transfer
    this.#ending.abort(clientError('TAPRI_CLIENT_CANCELLED', `Cannot finish the upload of ${name}: it was cancelled`))
    await this.done.catch(() => {})
    const { id } = this.#transfer
    // what cannot be removed now is removed by the server when it expires
    if (id !== undefined) await this.#task.wire.remove(id).catch(() => {})
  }

  async #run(): Promise<Uploaded> {
    const remembered = await this.#task.remembered
    try {
      const uploaded = { upload: await this.#arrive(remembered) }
      uses.set(uploaded, () => remembered?.forget())
      this.#become({ stage: 'done', error: undefined })
      return uploaded
    } catch (error) {
      const isCancelled = this.#ending.signal.aborted
      if (isCancelled) {
        // it may have been cancelled before the server was asked about it
        this.#transfer.id ??= remembered?.find()
        remembered?.forget()
      }
      this.#become({ stage: isCancelled ? 'cancelled' : 'failed', error })
      throw error
    } finally {
      remembered?.close()
    }
  }

  /** Tries until all has arrived. */
  async #arrive(remembered: Remembered | undefined): Promise<string> {
    for (;;) {
      this.#ends.throwIfAborted()
      if (this.#paused !== undefined) await unlessAborted(this.#paused.promise, this.#ends)
      const turn = new AbortController()
      this.#turn = turn
      const signal = AbortSignal.any([this.#ends, turn.signal])
      try {
        return await this.#transfer.goOn(remembered, signal)
      } catch (cause) {
        this.#ends.throwIfAborted()
        if (!turn.signal.aborted) await this.#wait(cause, signal)
      }
    }
  }

  /** Throws what is no reason to try again, or was for too long. */
  async #wait(cause: unknown, signal: AbortSignal): Promise<void> {
    const error = cause instanceof LostPlace ? cause.cause : cause
    const asked = error instanceof TapriError ? Number(error.facts?.retryAfter ?? 0) * 1000 : 0
    const isPassing = cause instanceof LostPlace || asked > 0 || isTransient(cause) || isBusy(cause)
    if (!isPassing || this.#tries.failed() >= this.#task.patience) throw error
    this.#become({ stage: 'waiting', error })
    try {
      await this.#tries.wait(asked, signal)
      this.#become({ stage: 'sending', error: undefined })
    } catch (reason) {
      // paused, or told to go on at once
      this.#ends.throwIfAborted()
      if (!signal.aborted) throw reason
    }
  }

  #beginTries(): void {
    this.#tries = new Tries(this.#task.clock)
  }

  #tell(sent: number): void {
    const { total } = this.#state
    this.#become({ sent })
    this.#task.onProgress?.({ sent, total })
  }

  #become(change: Partial<UploadState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) notify(listener)
  }
}

/** The request took too long to come, or another one works on the upload at this moment. */
function isBusy(error: unknown): boolean {
  return error instanceof TapriError && (error.status === 408 || error.status === 423)
}
