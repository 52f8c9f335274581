/** Counts what each one has taken of something that is for all, so that nobody can take the whole. */
export class Shares {
  readonly #most: number
  readonly #taken = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Who cannot be told apart from others has always room. */
  hasRoom(one: string | undefined, amount = 1): boolean {
    return one === undefined || (this.#taken.get(one) ?? 0) + amount <= this.#most
  }

  add(one: string | undefined, amount = 1): void {
    if (one !== undefined) this.#taken.set(one, (this.#taken.get(one) ?? 0) + amount)
  }

  remove(one: string | undefined, amount = 1): void {
    if (one === undefined) return
    const left = (this.#taken.get(one) ?? 0) - amount
    if (left > 0) this.#taken.set(one, left)
    else this.#taken.delete(one)
  }
}
