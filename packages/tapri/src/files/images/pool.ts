import { filesError } from '../errors.ts'

export interface PoolOptions {
  /** How much is done at once. */
  readonly atOnce: number
  /** How much may wait. */
  readonly waiting: number
}

/** Does a bounded amount of work at once; what is over the bound waits, and what is over that is refused. */
export class Pool {
  readonly #options: PoolOptions
  readonly #queue: (() => void)[] = []
  #busy = 0

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** @throws TAPRI_FILES_BUSY and what the work throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#turn()
    try {
      return await work()
    } finally {
      // the turn goes on to the next who waits
      const next = this.#queue.shift()
      if (next === undefined) this.#busy--
      else next()
    }
  }

  #turn(): Promise<void> {
    const { atOnce, waiting } = this.#options
    if (this.#busy < atOnce) {
      this.#busy++
      return Promise.resolve()
    }
    if (this.#queue.length < waiting) return new Promise((resolve) => this.#queue.push(resolve))
    const error = filesError('TAPRI_FILES_BUSY', 'Cannot make this picture now: too many others are being made, try again soon', {
      facts: { retryAfter: 2 },
    })
    return Promise.reject(error)
  }
}
