/**
 * Work that is asked for now and then, one at a time: asked for while it is done, it is done once more, however often it was asked.
 * @example const sweeping = new Repeated(() => sweep()); sweeping.ask(); await sweeping.end()
 */
export class Repeated {
  readonly #work: () => Promise<void>
  #isAsked = false
  #running: Promise<void> | undefined

  /** The work must not fail. */
  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  ask(): void {
    this.#isAsked = true
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Resolves once what has begun is done; nothing more begins. */
  async end(): Promise<void> {
    this.#isAsked = false
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#isAsked) {
      this.#isAsked = false
      await this.#work()
    }
  }
}
