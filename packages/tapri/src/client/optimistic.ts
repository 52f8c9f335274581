import type { Clock } from '../kit/clock.ts'
import { Backoff } from './backoff.ts'
import type { KnownConnection } from './connection.ts'
import { clientError } from './errors.ts'
import { gaveUp } from './gave-up.ts'
import type { LiveLine } from './live-line.ts'
import { isTransient } from './repeat.ts'
import type { ShownAnswer } from './shown-answer.ts'
import { type Sending, Write } from './write.ts'

/** Calls that wait to be sent. */
const mostWaiting = 100
/** Servers remember a key for a day; a call that was sent before must not be sent again after that. */
const longestDoubt = 23 * 3_600_000

/** Shows the changes of a write in live answers. */
export type Apply = (show: (answers: readonly ShownAnswer[], change: (value: unknown) => unknown) => void) => void

interface Parts {
  readonly clock: Clock
  readonly line: LiveLine
  readonly connection: KnownConnection
}

/** Calls whose changes are shown before they are answered: sent one after another, in the order in which they were made. */
export class OptimisticWrites {
  readonly #parts: Parts
  readonly #waiting: Write[] = []
  #isWorking = false
  #wake = () => {}

  constructor(parts: Parts) {
    this.#parts = parts
    parts.connection.onChange(({ state }) => state === 'online' && this.#wake())
  }

  /** @throws TAPRI_CLIENT_QUEUE; what refuses the call */
  async make(sending: Sending, apply: Apply): Promise<unknown> {
    const { signal } = sending
    signal?.throwIfAborted()
    if (this.#waiting.length >= mostWaiting) {
      const message = `Cannot make another call: ${mostWaiting} wait already until the server can be reached`
      throw clientError('TAPRI_CLIENT_QUEUE', message)
    }
    const write = new Write(sending)
    try {
      apply((answers, change) => write.show(answers, change))
    } catch (error) {
      write.drop()
      throw error
    }
    this.#waiting.push(write)
    const leave = () => this.#leave(write)
    signal?.addEventListener('abort', leave, { once: true })
    void this.#work()
    try {
      return await write.answered
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  /** Gives up what waits. */
  close(): void {
    for (const write of this.#waiting.splice(1)) write.refuse(gaveUp())
    this.#waiting[0]?.refuse(gaveUp())
    this.#wake()
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    let backoff = new Backoff()
    for (let write = this.#waiting[0]; write !== undefined; write = this.#waiting[0]) {
      const isOver = await this.#try(write)
      if (isOver) {
        if (this.#waiting[0] === write) this.#waiting.shift()
        backoff = new Backoff()
      } else await this.#pause(backoff.next(undefined))
    }
    this.#isWorking = false
  }

  /** Whether there is nothing more to do for it. */
  async #try(write: Write): Promise<boolean> {
    const { clock, line } = this.#parts
    const now = clock.now()
    try {
      const { value, at } = await write.send(now)
      write.finish(value, at)
      // an answer that the write does not change is told of no other way
      if (at !== undefined && write.isShown) void line.sync(at).then(() => write.see())
      return true
    } catch (error) {
      // it stays in doubt until it is answered: the server may have done it, and only its answer was lost
      if (!write.isOver && isTransient(error) && clock.now() - write.sentFirst < longestDoubt) return false
      write.refuse(error)
      return true
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => this.#wake()
      const cancel = this.#parts.clock.after(milliseconds, wake)
      globalThis.addEventListener?.('online', wake)
      this.#wake = () => {
        cancel()
        globalThis.removeEventListener?.('online', wake)
        resolve()
      }
    })
  }

  #leave(write: Write): void {
    write.refuse(write.reason)
    const place = this.#waiting.indexOf(write)
    if (place > 0) this.#waiting.splice(place, 1)
    else if (place === 0) this.#wake()
  }
}
