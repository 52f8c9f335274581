import { notify } from './notify.ts'

/** Functions that are called with what happens. */
export class Listeners<T> {
  readonly #calls = new Set<(value: T) => void>()

  /** The answer ends it. */
  add(listener: (value: T) => void): () => void {
    // the same function may be given twice
    const own = (value: T) => listener(value)
    this.#calls.add(own)
    return () => void this.#calls.delete(own)
  }

  tell(value: T): void {
    for (const call of [...this.#calls]) notify(() => call(value))
  }
}
