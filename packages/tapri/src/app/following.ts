import { AsyncLocalStorage } from 'node:async_hooks'
import { type AskedRule, type ReadEntry, ReadSet } from '../data/index.ts'

/** Services have a database of their own: this tells a live query of what they read while they work for its answer. */
export class Following {
  readonly #current = new AsyncLocalStorage<ReadSet>()
  /** Passes on what it is told to the live query that is being answered, if one is. */
  readonly reads: ReadSet = new PassingReads(this.#current)

  /** What services read during the work belongs to `reads`. */
  during<T>(reads: ReadSet, work: () => T): T {
    return this.#current.run(reads, work)
  }
}

class PassingReads extends ReadSet {
  readonly #current: AsyncLocalStorage<ReadSet>

  constructor(current: AsyncLocalStorage<ReadSet>) {
    super()
    this.#current = current
  }

  override add(entry: ReadEntry, isKept: boolean): void {
    this.#current.getStore()?.add(entry, isKept)
  }

  override consult(rule: AskedRule): void {
    this.#current.getStore()?.consult(rule)
  }
}
