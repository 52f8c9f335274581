import type { Clock } from '../kit/clock.ts'

/** Milliseconds that nobody waits again for a node that did not answer, unless it does by then. */
const silentFor = 60_000

/** Nodes that have not answered, and are taken for gone. */
export class SilentNodes {
  readonly #clock: Clock
  readonly #until = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(node: string): boolean {
    return (this.#until.get(node) ?? 0) > this.#clock.now()
  }

  add(node: string): void {
    for (const other of [...this.#until.keys()]) if (!this.has(other)) this.#until.delete(other)
    this.#until.set(node, this.#clock.now() + silentFor)
  }

  /** It has answered. */
  remove(node: string): void {
    this.#until.delete(node)
  }
}
