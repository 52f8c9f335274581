import type { Clock } from '../../kit/clock.ts'
import { clientError } from '../errors.ts'

/** A connection that takes nothing for so long, in milliseconds, is taken for dead. */
export const stallsAfter = 60_000

/** Notices a connection that is dead without saying so. */
export class Stall {
  readonly #clock: Clock
  readonly #dead = new AbortController()
  #cancel = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
    this.reset()
  }

  get signal(): AbortSignal {
    return this.#dead.signal
  }

  /** Something got through. */
  reset(): void {
    this.end()
    this.#cancel = this.#clock.after(stallsAfter, () => {
      const message = `Cannot upload any further: nothing got through for ${stallsAfter} ms`
      this.#dead.abort(clientError('TAPRI_CLIENT_TIMEOUT', message))
    })
  }

  end(): void {
    this.#cancel()
  }
}
