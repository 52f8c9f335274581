import type { Clock } from '../../kit/clock.ts'
import { Backoff } from '../backoff.ts'
import { pause } from '../deadline.ts'
import { stallsAfter } from './stall.ts'

/** The tries in vain since something got through: how long they took, and how long to wait before the next. */
export class Tries {
  readonly #clock: Clock
  readonly #backoff = new Backoff()
  #spent = 0
  /** When the present one began; undefined before the first has failed. */
  #began: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One has failed; answers the milliseconds since the first that did, as far as the machine was awake. */
  failed(): number {
    if (this.#began !== undefined) {
      const took = this.#clock.now() - this.#began
      // a try without a byte that got through ends by then: the rest was sleep, or the clock was set
      this.#spent += Math.min(stallsAfter, Math.max(0, took))
    }
    return this.#spent
  }

  /** Waits so many milliseconds at least; the signal's reason is thrown when that aborts before. */
  async wait(least: number, signal: AbortSignal): Promise<void> {
    const planned = Math.max(this.#backoff.next(0), least)
    await pause(this.#clock, planned, signal)
    this.#spent += planned
    this.#began = this.#clock.now()
  }
}
