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
  readonly #queue: PromiseWithResolvers<void>[] = []
  #busy = 0
  #isClosed = false

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
      else next.resolve()
    }
  }

  /** Refuses what waits, and what comes after; what has begun comes to its end. */
  close(): void {
    this.#isClosed = true
    for (const { reject } of this.#queue.splice(0)) reject(busy('this server stops'))
  }

  #turn(): Promise<void> {
    const { atOnce, waiting } = this.#options
    if (this.#isClosed) return Promise.reject(busy('this server stops'))
    if (this.#busy < atOnce) {
      this.#busy++
      return Promise.resolve()
    }
    if (this.#queue.length >= waiting) return Promise.reject(busy('too many others are being made'))
    const turn = Promise.withResolvers<void>()
    this.#queue.push(turn)
    return turn.promise
  }
}

function busy(why: string) {
  return filesError('TAPRI_FILES_BUSY', `Cannot make this picture now: ${why}, try again soon`, { facts: { retryAfter: 2 } })
}
