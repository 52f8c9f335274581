import type { Token } from '../kit/protocol.ts'
import type { FollowedValue } from './live-value.ts'
import type { ShownWrite } from './shown-answer.ts'

/** What a call was answered with. */
export interface Answered {
  readonly value: unknown
  /** Where its writes are seen; undefined when it made none. */
  readonly at: Token | undefined
}

export interface Sending {
  /** One try, always under the same key. */
  send(): Promise<Answered>
  readonly signal: AbortSignal | undefined
}

/** One call on its way, and what of it is shown. */
export class Write implements ShownWrite {
  stage: ShownWrite['stage'] = 'waiting'
  at: Token | undefined
  isSeen = false
  isOver = false
  sentFirst = 0
  readonly answered: Promise<unknown>
  readonly #sending: Sending
  readonly #shownIn = new Set<FollowedValue>()
  #resolve: (value: unknown) => void
  #reject: (error: unknown) => void

  constructor(sending: Sending) {
    this.#sending = sending
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.answered = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  get reason(): unknown {
    return this.#sending.signal?.reason
  }

  get isShown(): boolean {
    return [...this.#shownIn].some((value) => value.shows(this))
  }

  show(values: readonly FollowedValue[], change: (value: unknown) => unknown): void {
    for (const value of values) {
      value.show(this, change)
      this.#shownIn.add(value)
    }
  }

  send(now: number): Promise<Answered> {
    // it was left while it waited
    if (this.isOver) return Promise.reject(this.reason)
    if (this.sentFirst === 0) this.sentFirst = now
    this.stage = 'asked'
    return this.#sending.send()
  }

  /** The server could not be reached: nothing of it is in what comes until it is. */
  wait(): void {
    this.stage = 'waiting'
    this.#refresh()
  }

  finish(value: unknown, at: Token | undefined): void {
    if (this.isOver) return
    this.isOver = true
    this.stage = 'done'
    this.at = at
    if (at === undefined) this.drop()
    else this.#refresh()
    this.#resolve(value)
  }

  see(): void {
    this.isSeen = true
    this.#refresh()
    this.#shownIn.clear()
  }

  refuse(error: unknown): void {
    if (this.isOver) return
    this.isOver = true
    this.drop()
    this.#reject(error)
  }

  drop(): void {
    for (const value of this.#shownIn) value.drop(this)
    this.#shownIn.clear()
  }

  #refresh(): void {
    for (const value of this.#shownIn) value.refresh()
  }
}
