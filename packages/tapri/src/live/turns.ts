import { nextTick } from 'node:process'

/** So many begin before what else has come is looked at: with fewer, writes would come in faster than they are told of. */
const inOneGo = 1_000

/**
 * Has work begin piece by piece: each piece gets as far as it comes without waiting for anything before the next one begins.
 * Begun at once, all of them would be done at the end of all.
 * @example const turns = new Turns(); await turns.next()
 */
export class Turns {
  #waiting: (() => void)[] = []
  #begun = 0
  #isGoing = false

  /** Resolves when it is this one's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (this.#isGoing) return
      this.#isGoing = true
      nextTick(this.#go)
    })
  }

  readonly #go = (): void => {
    const begin = this.#waiting[this.#begun++]
    if (begin === undefined) {
      this.#waiting = []
      this.#begun = 0
      this.#isGoing = false
      return
    }
    begin()
    // other events come between turns of the loop
    if (this.#begun % inOneGo === 0) setImmediate(this.#go)
    // a tick that is asked for among the microtasks comes when none is left: all that was begun waits by then
    else queueMicrotask(() => nextTick(this.#go))
  }
}
