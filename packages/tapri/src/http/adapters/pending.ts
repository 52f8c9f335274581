/** What can be found again in a list of its kind. */
export interface Listed {
  /** Where it stands in the list; -1 when it is in none. */
  at: number
}

/** In no order, and without the hash that a set would give to each: most answers are pending for a moment only. */
export class Pending<Each extends Listed> implements Iterable<Each> {
  readonly #all: Each[] = []

  add(one: Each): void {
    if (one.at !== -1) return
    one.at = this.#all.length
    this.#all.push(one)
  }

  delete(one: Each): void {
    const { at } = one
    if (at === -1) return
    one.at = -1
    // the last one takes the free place
    const last = this.#all.pop()
    if (last === undefined || last === one) return
    this.#all[at] = last
    last.at = at
  }

  /** A copy, as those that are ended meanwhile leave. */
  [Symbol.iterator](): Iterator<Each> {
    return [...this.#all][Symbol.iterator]()
  }
}
