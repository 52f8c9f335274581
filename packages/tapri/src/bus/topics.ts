import type { Hear } from './types.ts'

/** Who hears what, in this process. */
export class Topics {
  readonly #hearers = new Map<string, Set<{ readonly hear: Hear }>>()
  readonly #fail: (topic: string, error: unknown) => void

  /** `fail` is told what a hearer throws: the others hear all the same. */
  constructor(fail: (topic: string, error: unknown) => void) {
    this.#fail = fail
  }

  names(): readonly string[] {
    return [...this.#hearers.keys()]
  }

  has(topic: string): boolean {
    return this.#hearers.has(topic)
  }

  /** The answer ends it. */
  add(topic: string, hear: Hear): () => void {
    const hearers = this.#hearers.get(topic) ?? new Set()
    this.#hearers.set(topic, hearers)
    const hearer = { hear }
    hearers.add(hearer)
    return () => {
      hearers.delete(hearer)
      if (hearers.size === 0 && this.#hearers.get(topic) === hearers) this.#hearers.delete(topic)
    }
  }

  tell(topic: string, text: string): void {
    const hearers = this.#hearers.get(topic)
    // who comes while it is told does not hear it, nor who goes
    for (const hearer of hearers === undefined ? [] : [...hearers]) {
      if (hearers?.has(hearer) !== true) continue
      try {
        hearer.hear(text)
      } catch (error) {
        this.#fail(topic, error)
      }
    }
  }

  clear(): void {
    for (const hearers of this.#hearers.values()) hearers.clear()
    this.#hearers.clear()
  }
}
