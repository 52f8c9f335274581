/** Something that is begun when it is its turn, and says when it has ended. */
export interface Turn {
  /** False when there is nothing left to do. */
  begin(): boolean
}

/**
 * Lets so many be under way at once, in the order of asking, without a promise for each.
 * @example const turns = new Turns(16); turns.ask({ begin: () => startReading(() => turns.next()) })
 */
export class Turns {
  readonly #most: number
  readonly #waiting: Turn[] = []
  #count = 0

  constructor(most: number) {
    this.#most = most
  }

  ask(turn: Turn): void {
    if (this.#count >= this.#most) this.#waiting.push(turn)
    else if (turn.begin()) this.#count++
  }

  /** One of those that were begun has ended. */
  next(): void {
    this.#count--
    while (this.#count < this.#most) {
      const turn = this.#waiting.shift()
      if (turn === undefined) return
      if (turn.begin()) this.#count++
    }
  }
}
