/** Counts work under way, so that its end can be waited for. */
export class Work {
  #count = 0
  #waiting: (() => void)[] = []

  /** Counts until the answer is called. */
  begin(): () => void {
    this.#count++
    let ended = false
    return () => {
      if (ended) return
      ended = true
      if (--this.#count === 0) for (const wake of this.#waiting.splice(0)) wake()
    }
  }

  async track<T>(work: () => Promise<T>): Promise<T> {
    const end = this.begin()
    try {
      return await work()
    } finally {
      end()
    }
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    // work that ends may have begun more by the time the wait is over
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
