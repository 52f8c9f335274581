/** Lets a few things be under way at once, and remembers the first that failed. */
export class InFlight {
  readonly #most: number
  readonly #onFailure: (cause: unknown) => void
  readonly #flying = new Set<Promise<void>>()
  #failure: { readonly cause: unknown } | undefined

  /** `onFailure` hears of the first failure at once, so that a source need not be waited for. */
  constructor(most: number, onFailure: (cause: unknown) => void) {
    this.#most = most
    this.#onFailure = onFailure
  }

  /** Starts it once there is room. Throws what has failed before. */
  async add(start: () => Promise<unknown>): Promise<void> {
    while (this.#flying.size >= this.#most) await Promise.race(this.#flying)
    this.#throwFailure()
    const flight = start()
      .then(
        () => {},
        (cause: unknown) => this.#fail(cause),
      )
      .finally(() => this.#flying.delete(flight))
    this.#flying.add(flight)
  }

  /** Does what starts them, and waits until all have ended; throws their first failure, and answers what the work itself threw: what
   * was under way by then is there. */
  async during(work: () => Promise<void>): Promise<{ readonly cause: unknown } | undefined> {
    let failure: { readonly cause: unknown } | undefined
    try {
      await work()
    } catch (cause) {
      failure = { cause }
    }
    await this.land()
    return failure
  }

  /** Waits until all have ended; throws the first failure. */
  async land(): Promise<void> {
    await this.settle()
    this.#throwFailure()
  }

  /** Waits until all have ended, however. */
  async settle(): Promise<void> {
    await Promise.all(this.#flying)
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { cause }
    this.#onFailure(cause)
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.cause
  }
}
