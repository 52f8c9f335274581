import type { Clock } from '../kit/clock.ts'

/**
 * Calls for each that waits once its time is over, unless it is taken out before: with one timer, however many wait.
 * @example const late = new Deadlines<Pending>(clock, 100, (pending) => pending.flush()); late.add(pending); late.remove(pending)
 */
export class Deadlines<Item> {
  readonly #clock: Clock
  readonly #milliseconds: number
  readonly #call: (item: Item) => void
  /** Since when each waits, those that have waited longest first. */
  readonly #since = new Map<Item, number>()
  #isSet = false

  /** Each waits for as long: so many milliseconds. */
  constructor(clock: Clock, milliseconds: number, call: (item: Item) => void) {
    this.#clock = clock
    this.#milliseconds = milliseconds
    this.#call = call
  }

  /** What waits already goes on to. */
  add(item: Item): void {
    if (this.#since.has(item)) return
    this.#since.set(item, this.#clock.now())
    if (!this.#isSet) this.#wait(this.#milliseconds)
  }

  remove(item: Item): void {
    this.#since.delete(item)
  }

  #wait(milliseconds: number): void {
    this.#isSet = true
    this.#clock.after(milliseconds, () => this.#look())
  }

  #look(): void {
    this.#isSet = false
    for (const [item, since] of this.#since) {
      const waited = this.#clock.now() - since
      // a clock that was set back has nobody wait for longer
      if (waited >= 0 && waited < this.#milliseconds) {
        this.#wait(this.#milliseconds - waited)
        return
      }
      this.#since.delete(item)
      this.#call(item)
    }
  }
}
