/** Reads for several in one: those join who are missing, then it begins. */
export class Batch<T> {
  readonly #read: (ids: readonly string[]) => Promise<T>
  readonly #ids: string[] = []
  readonly #answer = Promise.withResolvers<T>()
  #hasBegun = false

  constructor(read: (ids: readonly string[]) => Promise<T>) {
    this.#read = read
  }

  /** The answer of the read, with this one among those it is for. */
  with(id: string): Promise<T> {
    // who waited in vain for the read of another comes later
    if (this.#hasBegun) return this.#read([id])
    this.#ids.push(id)
    return this.#answer.promise
  }

  begin(): void {
    this.#hasBegun = true
    if (this.#ids.length > 0) this.#answer.resolve(this.#read(this.#ids))
  }
}
