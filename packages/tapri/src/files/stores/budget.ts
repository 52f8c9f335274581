import { totalmem } from 'node:os'
import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../../kit/clock.ts'
import { filesError } from '../errors.ts'
import { Pace } from './pace.ts'

/** Milliseconds: shorter than proxies wait for a server that takes nothing. */
const patience = 15_000

export interface BudgetOptions {
  /** Bytes of all who share it. */
  readonly most: number
  readonly clock?: Clock
}

/** What one sender has of a budget. */
interface Account {
  held: number
  /** Who goes over the sender's bound. */
  over: Share | undefined
}

const senders = new WeakMap<object, string>()

/** Tells who sends a source, where that is not the app itself. Whoever works on it has of a budget what is left of that sender's part. */
export function sentBy<Source extends object>(source: Source, sender: string | undefined): Source {
  if (sender !== undefined) senders.set(source, sender)
  return source
}

interface Waiting {
  readonly share: Share
  readonly size: number
  grant(): void
}

/**
 * So many bytes for all who work at once in a process. From its half on each has what it cannot do without, from its end on one
 * at a time goes on, and the others wait. One sender has a quarter of it, and half while nobody else has any: from there on one of
 * its own goes on at a time.
 */
export class Budget {
  readonly #most: number
  readonly #clock: Clock
  readonly #waiting = new Set<Waiting>()
  readonly #accounts = new Map<string, Account>()
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

  /** A share for one piece of work, which can come to its end with `enough` bytes; it counts for whoever sends the source. */
  share(enough: number, source?: object): Share {
    return new Share(this, enough, source && senders.get(source))
  }

  /** Gives the source up when its sender lets the share lie. */
  pace(source: { destroy(error: Error): unknown }, share: Share): Pace {
    return new Pace(source, share, this.#clock)
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
    this.#account(share, -size)
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
    this.#account(share, size)
  }

  #account(share: Share, size: number): void {
    if (share.sender === undefined) return
    const account = this.#accounts.get(share.sender) ?? { held: 0, over: undefined }
    account.held += size
    if (account.held > this.#most / 4) account.over ??= share
    if (account.held <= this.#most / 4 || (account.over === share && share.held === 0)) account.over = undefined
    if (account.held > 0) this.#accounts.set(share.sender, account)
    else this.#accounts.delete(share.sender)
  }

  #hasRoom(share: Share, size: number): boolean {
    const needed = share.held + size <= share.enough
    if (!this.#isFair(share, size, needed)) return false
    if (this.#held + size <= (needed ? this.#most : this.#most / 2)) return true
    if (!needed || (this.#over ?? share) !== share) return false
    this.#over = share
    return true
  }

  /** Whether the sender of a share leaves enough to the others. */
  #isFair(share: Share, size: number, needed: boolean): boolean {
    const account = share.sender === undefined ? undefined : this.#accounts.get(share.sender)
    if (account === undefined) return true
    const isAlone = account.held === this.#held
    if (account.held + size <= this.#most / (isAlone ? 2 : 4)) return true
    return needed && (account.over ?? share) === share
  }
}

/** What one piece of work has of a budget; disposing of it gives all of it back. */
export class Share implements Disposable {
  readonly enough: number
  /** Whom it counts for; undefined for the app itself. */
  readonly sender: string | undefined
  /** Only the budget writes it. */
  held = 0
  readonly #budget: Budget

  constructor(budget: Budget, enough: number, sender: string | undefined) {
    this.#budget = budget
    this.enough = enough
    this.sender = sender
  }

  /** Waits until there is room, or the source has closed.
   * @throws TAPRI_FILES_BUSY when there is none for a while */
  take(size: number, source?: Readable): Promise<void> {
    return this.#budget.take(this, size, source)
  }

  give(size: number): void {
    this.#budget.give(this, size)
  }

  /** Gives the source up when its sender lets this lie. */
  pace(source: { destroy(error: Error): unknown }): Pace {
    return this.#budget.pace(source, this)
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
