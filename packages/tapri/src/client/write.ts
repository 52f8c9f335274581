import type { Token } from '../kit/protocol.ts'
import { newKey } from './key.ts'
import type { ShownAnswer, ShownWrite } from './shown-answer.ts'

/** What a call was answered with. */
export interface Answered {
  readonly value: unknown
  /** Where its writes are seen; undefined when it made none. */
  readonly at: Token | undefined
}

export interface Sending {
  /** One try, always under the same key. */
  send(key: string): Promise<Answered>
  /** Made by whoever calls; a new one where there is none. */
  readonly key: string | undefined
  readonly signal: AbortSignal | undefined
}

/** One call on its way, and what of it is shown. */
export class Write implements ShownWrite {
  stage: ShownWrite['stage'] = 'waiting'
  at: Token | undefined
  isSeen = false
  isOver = false
  sentFirst = 0
  readonly #sending: Sending
  readonly #key: string
  readonly #shownIn = new Set<ShownAnswer>()
  readonly #outcome = Promise.withResolvers<unknown>()

  constructor(sending: Sending) {
    this.#sending = sending
    this.#key = sending.key ?? newKey()
  }

  get answered(): Promise<unknown> {
    return this.#outcome.promise
  }

  get reason(): unknown {
    return this.#sending.signal?.reason
  }

  get isShown(): boolean {
    return [...this.#shownIn].some((answer) => answer.shows(this))
  }

  show(answers: readonly ShownAnswer[], change: (value: unknown) => unknown): void {
    for (const answer of answers) {
      answer.show(this, change)
      this.#shownIn.add(answer)
    }
  }

  send(now: number): Promise<Answered> {
    // it was left while it waited
    if (this.isOver) return Promise.reject(this.reason)
    if (this.sentFirst === 0) this.sentFirst = now
    this.stage = 'asked'
    return this.#sending.send(this.#key)
  }

  finish(value: unknown, at: Token | undefined): void {
    if (this.isOver) return
    this.isOver = true
    this.stage = 'done'
    this.at = at
    if (at === undefined) this.drop()
    else this.#refresh()
    this.#outcome.resolve(value)
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
    this.#outcome.reject(error)
  }

  drop(): void {
    for (const answer of this.#shownIn) answer.drop(this)
    this.#shownIn.clear()
  }

  #refresh(): void {
    for (const answer of this.#shownIn) answer.refresh()
  }
}
