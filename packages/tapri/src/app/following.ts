import { AsyncLocalStorage } from 'node:async_hooks'
import { type AskedRule, type ReadEntry, ReadSet } from '../data/index.ts'

/** Services have a database of their own: this tells a live query of what they read while they work for its answer. */
export class Following {
  readonly #current = new AsyncLocalStorage<Work>()
  /** Passes on what it is told to the live query that is being answered, if one is. */
  readonly reads: ReadSet = new PassingReads(this.#current)

  /** Whether a live query is being answered. */
  get isAtWork(): boolean {
    return this.#current.getStore()?.reads !== undefined
  }

  /** What services read during the work belongs to `reads`. */
  async during<T>(reads: ReadSet, work: () => Promise<T>): Promise<T> {
    const current: Work = { reads }
    try {
      return await this.#current.run(current, work)
    } finally {
      // what a service began for good reads on for itself
      current.reads = undefined
    }
  }
}

interface Work {
  reads: ReadSet | undefined
}

class PassingReads extends ReadSet {
  readonly #current: AsyncLocalStorage<Work>

  constructor(current: AsyncLocalStorage<Work>) {
    super()
    this.#current = current
  }

  override add(entry: ReadEntry, isKept: boolean): void {
    this.#current.getStore()?.reads?.add(entry, isKept)
  }

  override consult(rule: AskedRule): void {
    this.#current.getStore()?.reads?.consult(rule)
  }
}
