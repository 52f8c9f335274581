import type { ChangeText } from './answer.ts'
import type { Deadlines } from './deadlines.ts'

/** Milliseconds that changes wait for those of other topics at the longest. */
export const longestHold = 100

/** One for all: most sockets have nothing that waits. */
const none: ChangeText[] = []

export interface PendingOwner {
  /** Sends them in one frame. */
  sendChanges(changes: readonly ChangeText[]): void
}

/** The changes that one socket is about to be sent: those of one transaction go in one frame. */
export class PendingChanges {
  readonly #late: Deadlines<PendingChanges>
  readonly #owner: PendingOwner
  #changes: ChangeText[] = none
  #holds = 0
  /** Who waits until nothing is held back. */
  #waiting: (() => void)[] | undefined

  /** `late` flushes those that wait for too long. */
  constructor(late: Deadlines<PendingChanges>, owner: PendingOwner) {
    this.#late = late
    this.#owner = owner
  }

  /** Whether a change that is brought now has nothing to go with: nobody else holds it back. */
  get isNone(): boolean {
    return this.#holds <= 1 && this.#changes.length === 0
  }

  /** Whether a query is at work that is about to bring one. */
  get isHeld(): boolean {
    return this.#holds > 0
  }

  /** Sends it with the others, once nothing is held back. */
  add(change: ChangeText): void {
    // two subscriptions to one topic are sent what they share once
    if (this.#changes.length === 0) this.#changes = [change]
    else if (!this.#changes.includes(change)) this.#changes.push(change)
    this.#flushOrWait()
  }

  /** The same for changes that follow one another. Some may wait already, for a subscription that is further: what lies before
   * them is to come before them. */
  addAll(steps: readonly ChangeText[]): void {
    if (steps.length === 0) return
    this.#changes = [...this.#changes.filter((change) => !steps.includes(change)), ...steps]
    this.#flushOrWait()
  }

  /** A change of one topic waits for those of the others. */
  hold(): void {
    this.#holds++
  }

  letGo(): void {
    if (--this.#holds > 0) return
    this.flush()
    const waiting = this.#waiting
    this.#waiting = undefined
    for (const resolve of waiting ?? []) resolve()
  }

  /** Sends what waits, in one frame. */
  flush(): void {
    this.stop()
    const changes = this.#changes
    this.#changes = none
    if (changes.length > 0) this.#owner.sendChanges(changes)
  }

  /** Resolves once nothing is held back. */
  async released(): Promise<void> {
    while (this.#holds > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting ??= []
        this.#waiting.push(resolve)
      })
    }
  }

  /** Nothing is sent by time alone any more. */
  stop(): void {
    this.#late.remove(this)
  }

  #flushOrWait(): void {
    if (this.#holds === 0) this.flush()
    else this.#late.add(this)
  }
}
