import { totalmem } from 'node:os'
import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../../kit/clock.ts'
import { filesError } from '../errors.ts'

/** Milliseconds: shorter than proxies wait for a server that takes nothing. */
const patience = 15_000

export interface BudgetOptions {
  /** Bytes of all who share it. */
  readonly most: number
  readonly clock?: Clock
}

interface Waiting {
  readonly share: Share
  readonly size: number
  grant(): void
}

/**
 * So many bytes for all who work at once in a process. From its half on each has what it cannot do without, from its end on one
 * at a time goes on, and the others wait.
 */
export class Budget {
  readonly #most: number
  readonly #clock: Clock
  readonly #waiting = new Set<Waiting>()
  #held = 0
  /** Who goes over the bound: when all waited, nobody would give anything back. */
  #over: Share | undefined

  constructor({ most, clock = systemClock }: BudgetOptions) {
    this.#most = most
    this.#clock = clock
  }

  /** Bytes that are in use now. */
  get held(): number {
    return this.#held
  }

  /** A share for one piece of work, which can come to its end with `enough` bytes. */
  share(enough: number): Share {
    return new Share(this, enough)
  }

  async take(share: Share, size: number, source: Readable | undefined): Promise<void> {
    if (this.#hasRoom(share, size)) return this.#hold(share, size)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { share, size, grant: resolve }
    this.#waiting.add(waiting)
    const cancel = this.#clock.after(patience, () => {
      this.#waiting.delete(waiting)
      reject(busy())
    })
    // nothing more will come of it: what has come is to be kept or let go now
    const onClose = () => this.#grant(waiting)
    source?.once('close', onClose)
    if (source?.closed === true) onClose()
    try {
      await promise
    } finally {
      cancel()
      source?.off('close', onClose)
    }
  }

  give(share: Share, size: number): void {
    share.held -= size
    this.#held -= size
    if (this.#held <= this.#most || (this.#over === share && share.held === 0)) this.#over = undefined
    for (const waiting of this.#waiting) if (this.#hasRoom(waiting.share, waiting.size)) this.#grant(waiting)
  }

  #grant(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return
    this.#hold(waiting.share, waiting.size)
    waiting.grant()
  }

  #hold(share: Share, size: number): void {
    share.held += size
    this.#held += size
  }

  #hasRoom(share: Share, size: number): boolean {
    const needed = share.held + size <= share.enough
    if (this.#held + size <= (needed ? this.#most : this.#most / 2)) return true
    if (!needed || (this.#over ?? share) !== share) return false
    this.#over = share
    return true
  }
}

/** What one piece of work has of a budget; disposing of it gives all of it back. */
export class Share implements Disposable {
  readonly enough: number
  /** Only the budget writes it. */
  held = 0
  readonly #budget: Budget

  constructor(budget: Budget, enough: number) {
    this.#budget = budget
    this.enough = enough
  }

  /** Waits until there is room, or the source has closed.
   * @throws TAPRI_FILES_BUSY when there is none for a while */
  take(size: number, source?: Readable): Promise<void> {
    return this.#budget.take(this, size, source)
  }

  give(size: number): void {
    this.#budget.give(this, size)
  }

  [Symbol.dispose](): void {
    if (this.held > 0) this.give(this.held)
  }
}

/** Parts of files on their way to servers: a quarter of the memory that this process may have. */
export const partMemory = new Budget({ most: Math.max(64 * 1024 ** 2, memoryOfProcess() / 4) })

function memoryOfProcess(): number {
  try {
    // 0 where nobody says; not every runtime can tell
    const allowed = process.constrainedMemory?.() || Number.POSITIVE_INFINITY
    return Math.min(totalmem(), allowed)
  } catch {
    // Deno tells only those whom it allows to know
    return 1024 ** 3
  }
}

function busy() {
  return filesError('TAPRI_FILES_BUSY', 'Cannot take more of this file now: too many others are coming, try again soon', {
    facts: { retryAfter: 5 },
  })
}
