import type { OutsidePart } from './capture.ts'
import { Pile } from './pile.ts'

/** Transactions that are heard at the database's pace and written to the log at its own: those that wait go together. */
export class Inbox {
  #pile = new Pile()
  #place = ''
  #hasNews = false
  #isOut = false
  #isEnded = false
  #failure: { readonly error: unknown } | undefined
  #wake: () => void = () => {}

  /** Whether all that was added is written to the log. */
  get isSettled(): boolean {
    return !this.#hasNews && !this.#isOut
  }

  /** One without changes moves the place alone. */
  add(transaction: Pile, place: string): void {
    this.#pile.join(transaction)
    this.#place = place
    this.#hasNews = true
    this.#wake()
  }

  /** What was added before is heard all the same. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  async next(): Promise<OutsidePart | undefined> {
    while (!this.#hasNews && this.#failure === undefined && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#isEnded) return undefined
    if (this.#failure !== undefined && !this.#hasNews) throw this.#failure.error
    const part = { changes: this.#pile.changes(), place: this.#place }
    this.#pile = new Pile()
    this.#hasNews = false
    this.#isOut = true
    return part
  }

  settled(): void {
    this.#isOut = false
  }
}
