import type { Clock } from '../kit/clock.ts'
import { aborted } from './aborted.ts'
import { dataError } from './errors.ts'

interface Waiting {
  readonly since: number
  begin(): void
  refuse(error: unknown): void
}

/** Beyond these something is out of order, and whoever asks later is better told at once than kept. */
const mostWaiting = 10_000
const longestWait = 60_000

/**
 * The line before the database's writers: so many work at a time, in the order of asking. It is bounded in number and
 * in time, and who gives up waiting leaves it.
 */
export class WriteQueue {
  readonly #slots: number
  readonly #clock: Clock
  readonly #waiting = new Set<Waiting>()
  #working = 0
  #isTimed = false

  constructor(slots: number, clock: Clock) {
    this.#slots = slots
    this.#clock = clock
  }

  get isIdle(): boolean {
    return this.#working === 0
  }

  /** @throws TAPRI_DATA_BUSY, TAPRI_DATA_ABORTED */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    // a slot is handed over, never freed and fought for, so that the order of asking holds
    if (this.#working < this.#slots) this.#working++
    else await this.#wait(signal)
    try {
      return await work()
    } finally {
      this.#handOver()
    }
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= mostWaiting) throw busy(`${mostWaiting} others wait already`)
    this.#watchTime(longestWait)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting: Waiting = { since: this.#clock.now(), begin: resolve, refuse: reject }
    this.#waiting.add(waiting)
    if (signal === undefined) return promise
    const leave = () => {
      if (this.#waiting.delete(waiting)) reject(aborted(signal))
    }
    signal.addEventListener('abort', leave)
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  #handOver(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#working--
      return
    }
    this.#waiting.delete(next)
    next.begin()
  }

  /** One timer for all: the first in line is the one that has waited longest. */
  #watchTime(milliseconds: number): void {
    if (this.#isTimed) return
    this.#isTimed = true
    this.#clock.after(milliseconds, () => {
      this.#isTimed = false
      const now = this.#clock.now()
      for (const waiting of this.#waiting) {
        const left = waiting.since + longestWait - now
        if (left > 0) return this.#watchTime(left)
        this.#waiting.delete(waiting)
        waiting.refuse(busy(`others have kept it waiting for ${longestWait / 1000} s`))
      }
    })
  }
}

/** A line for each row that somebody changes, while somebody does. */
export class RowQueues {
  readonly #clock: Clock
  readonly #queues = new Map<string, WriteQueue>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async run<T>(row: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const queue = this.#queues.get(row) ?? new WriteQueue(1, this.#clock)
    this.#queues.set(row, queue)
    try {
      return await queue.run(work, signal)
    } finally {
      if (queue.isIdle) this.#queues.delete(row)
    }
  }
}

function busy(reason: string) {
  return dataError('TAPRI_DATA_BUSY', `Cannot write: ${reason}, try again later`, { facts: { retryAfter: 1 } })
}
