import type { Clock } from '../../kit/clock.ts'

/** Tells of progress at most once a second, and only what can be seen. */
export class Progress {
  readonly #clock: Clock
  readonly #tell: (done: number) => Promise<void>
  #told = 0
  #at = 0
  #telling: Promise<void> = Promise.resolve()
  #isTelling = false

  constructor(clock: Clock, tell: (done: number) => Promise<void>) {
    this.#clock = clock
    this.#tell = tell
  }

  reach(done: number): void {
    const now = this.#clock.now()
    if (this.#isTelling || now - this.#at < 1000 || Math.floor(done * 100) <= Math.floor(this.#told * 100)) return
    this.#at = now
    this.#told = done
    this.#isTelling = true
    this.#telling = this.#tell(Math.floor(done * 100) / 100)
      // the next news meets the same, and somebody waits for that
      .catch(() => {})
      .finally(() => {
        this.#isTelling = false
      })
  }

  settled(): Promise<void> {
    return this.#telling
  }
}
