import type { LiveState, LiveValue } from './types.ts'

type Waiting = PromiseWithResolvers<IteratorResult<unknown, undefined>>

/** The values of a live answer, one after another; whoever reads slowly gets the newest next. */
export class LatestValues implements AsyncIterator<unknown, undefined> {
  readonly #live: LiveValue<unknown>
  readonly #cancel: () => void
  readonly #waiting: Waiting[] = []
  #seen: LiveState<unknown> | undefined
  #isThrown = false

  constructor(live: LiveValue<unknown>) {
    this.#live = live
    this.#cancel = live.onState(() => this.#serve())
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const waiting: Waiting = Promise.withResolvers()
    this.#waiting.push(waiting)
    this.#serve()
    return waiting.promise
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#cancel()
    this.#live.close()
    this.#finish()
    return { done: true, value: undefined }
  }

  #serve(): void {
    const { state, isClosed } = this.#live
    const [first] = this.#waiting
    if (first === undefined) return
    const { value, error, isReady } = state
    if (error !== undefined) {
      if (!this.#isThrown) this.#waiting.shift()?.reject(error)
      this.#isThrown = true
      this.#finish()
    } else if (isClosed) this.#finish()
    else if (isReady && state !== this.#seen) {
      this.#seen = state
      this.#waiting.shift()?.resolve({ done: false, value })
    }
  }

  #finish(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined })
  }
}
