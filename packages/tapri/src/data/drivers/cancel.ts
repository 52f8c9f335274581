import { Lock } from '../../kit/lock.ts'
import { requireWaiting } from '../aborted.ts'

/** Ends the statement that is at work, from elsewhere. Never rejects. */
type Cancel = () => Promise<void>

/**
 * Runs a statement that is ended when the signal aborts. Answers when that has been asked for, so that it cannot hit
 * whoever has the connection next.
 * @throws TAPRI_DATA_ABORTED
 */
export async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>, cancel: Cancel): Promise<T> {
  requireWaiting(signal)
  let cancelling: Promise<void> | undefined
  const leave = () => {
    cancelling = cancel()
  }
  signal.addEventListener('abort', leave)
  try {
    const result = await work()
    // some statements answer something when they are ended
    requireWaiting(signal)
    return result
  } finally {
    signal.removeEventListener('abort', leave)
    await cancelling
  }
}

interface CancelOptions<Session> {
  open(): Promise<Session>
  /** Ends the statement at which a connection is, by its number. */
  cancel(session: Session, number: number): Promise<unknown>
  close(session: Session): void
}

/** Ends statements over a connection of its own, one after another: those of the pool may all be at what is to end. */
export class Canceller<Session> {
  readonly #options: CancelOptions<Session>
  readonly #lock = new Lock()
  #session: Session | undefined
  #asked = 0

  constructor(options: CancelOptions<Session>) {
    this.#options = options
  }

  /** Never rejects. */
  async cancel(number: number): Promise<void> {
    const { open, cancel } = this.#options
    this.#asked++
    try {
      await this.#lock.run(async () => {
        this.#session ??= await open()
        await cancel(this.#session, number)
      })
    } catch {
      // the statement ends by its own timeout then, or with its connection
      this.#close()
    } finally {
      this.#asked--
      if (this.#asked === 0) this.#close()
    }
  }

  #close(): void {
    if (this.#session !== undefined) this.#options.close(this.#session)
    this.#session = undefined
  }
}
