import type { Token } from '../kit/protocol.ts'

/** A ping on which the client waits. */
export interface Waiting {
  readonly at: Token | undefined
  /** The first answers to what was subscribed before it. */
  readonly answered: readonly Promise<void>[]
}

/** Each keeps what it waits for in memory. */
export const maxPings = 256

/** The pings of one socket: each is answered after those before it, as the client takes pongs in the order of its pings. */
export class Pings {
  readonly #answer: (ping: Waiting) => Promise<void>
  readonly #waiting: Waiting[] = []

  constructor(answer: (ping: Waiting) => Promise<void>) {
    this.#answer = answer
  }

  get isFull(): boolean {
    return this.#waiting.length >= maxPings
  }

  add(ping: Waiting): void {
    this.#waiting.push(ping)
    if (this.#waiting.length === 1) void this.#answerAll()
  }

  /** None of them is answered any more. */
  stop(): void {
    this.#waiting.length = 0
  }

  async #answerAll(): Promise<void> {
    for (let ping = this.#waiting[0]; ping !== undefined; ping = this.#waiting[0]) {
      await this.#answer(ping)
      this.#waiting.shift()
    }
  }
}
