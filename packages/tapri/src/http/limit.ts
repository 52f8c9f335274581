import type { Clock } from '../kit/clock.ts'

export interface LimitNumbers {
  /** So many tries at once … */
  readonly tries: number
  /** … and the same number again spread evenly over this many milliseconds. */
  readonly per: number
}

/** Counts tries by key, in this process or for all that share a Redis. */
export interface TryLimit {
  /** Takes one try; answers 0, or how many milliseconds until there is one again. A refused try costs nothing. */
  take(key: string): number | Promise<number>
  /** Gives one try back: it was a right one. */
  giveBack(key: string): void | Promise<void>
}

export interface LimitOptions extends LimitNumbers {
  readonly clock: Clock
  /** At most so many keys are remembered: 50,000 unless told. */
  readonly keys?: number
}

/**
 * Counts tries by GCRA: one number per key, the moment at which all its tries are paid back. Unlike a fixed
 * window it has no edge at which twice the number gets through.
 */
export class Limit implements TryLimit {
  readonly #due = new Map<string, number>()
  readonly #clock: Clock
  readonly #interval: number
  readonly #window: number
  readonly #keys: number

  constructor(options: LimitOptions) {
    this.#clock = options.clock
    this.#interval = options.per / options.tries
    this.#window = options.per
    this.#keys = options.keys ?? 50_000
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#due.size
  }

  take(key: string): number {
    const now = this.#clock.now()
    const due = Math.max(this.#due.get(key) ?? 0, now) + this.#interval
    // half a millisecond of grace: the sum of many intervals is not exact
    const wait = due - now - this.#window
    if (wait > 0.5) return wait
    if (!this.#due.has(key) && this.#due.size >= this.#keys) this.#forget(now)
    this.#due.set(key, due)
    return 0
  }

  giveBack(key: string): void {
    const due = this.#due.get(key)
    if (due === undefined) return
    if (due - this.#interval <= this.#clock.now()) this.#due.delete(key)
    else this.#due.set(key, due - this.#interval)
  }

  /** Those that are paid back go first, then those that tried least: a flood of new keys must not free an old offender. */
  #forget(now: number): void {
    for (const [key, due] of this.#due) if (due <= now) this.#due.delete(key)
    if (this.#due.size < this.#keys) return
    const byDue = [...this.#due].sort(([, one], [, other]) => one - other)
    for (const [key] of byDue.slice(0, Math.ceil(this.#keys / 10))) this.#due.delete(key)
  }
}
