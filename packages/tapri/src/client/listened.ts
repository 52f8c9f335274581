import type { LiveState, LiveValue } from './types.ts'

const nothing: LiveState<never> = Object.freeze({ value: undefined, error: undefined, isReady: false })

/** A live answer that is followed while somebody listens. */
export class ListenedLive<T> {
  readonly #open: () => LiveValue<T>
  readonly #listeners = new Set<() => void>()
  #live: LiveValue<T> | undefined
  #last: LiveState<T> = nothing

  constructor(open: () => LiveValue<T>) {
    this.#open = open
  }

  /** The same object until something changes. */
  readonly state = (): LiveState<T> => this.#live?.state ?? this.#last

  readonly subscribe = (listener: () => void): (() => void) => {
    // the same function may be given twice
    const own = () => listener()
    this.#listeners.add(own)
    if (this.#live === undefined) this.#follow()
    return () => {
      this.#listeners.delete(own)
      if (this.#listeners.size === 0) this.#leave()
    }
  }

  #follow(): void {
    const live = this.#open()
    this.#live = live
    live.onState(() => {
      for (const listener of [...this.#listeners]) listener()
    })
  }

  #leave(): void {
    this.#last = this.state()
    const live = this.#live
    this.#live = undefined
    live?.close()
  }
}
