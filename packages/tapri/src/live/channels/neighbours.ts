import type { Clock } from '../../kit/clock.ts'
import { leaseTime } from './lease.ts'

/** So many of the nodes that were taken for dead are remembered. */
const mostRemembered = 1_000

interface NeighboursOptions {
  readonly clock: Pick<Clock, 'now'>
  /** Called with a node whose members are all gone. */
  onDead(node: string): void
  /** Called when a node lives that was taken for dead: who is where is to be read anew. */
  onReturn(): void
}

interface Neighbour {
  /** When it last showed that it lives, by the clock of this node. */
  readonly heard: number
  /** The end of its lease as it was last seen, by its own clock. */
  readonly expires: number | undefined
}

/** The other nodes of the app, as far as this one has heard of them. */
export class Neighbours {
  readonly #options: NeighboursOptions
  readonly #all = new Map<string, Neighbour>()
  /** Those that were taken for dead, and were not heard of since. */
  readonly #lost = new Set<string>()

  constructor(options: NeighboursOptions) {
    this.#options = options
  }

  has(node: string): boolean {
    return this.#all.has(node)
  }

  expiresOf(node: string): number | undefined {
    return this.#all.get(node)?.expires
  }

  /** Those of which nothing was heard for the time of a lease. */
  late(): string[] {
    return [...this.#all.keys()].filter((node) => this.isLate(node))
  }

  isLate(node: string): boolean {
    const neighbour = this.#all.get(node)
    return neighbour !== undefined && this.#options.clock.now() - neighbour.heard >= leaseTime
  }

  /** It lives. */
  meet(node: string, expires: number | undefined): void {
    this.learn(node, { heard: this.#options.clock.now(), expires })
    if (this.#lost.delete(node)) this.#options.onReturn()
  }

  /** Others told of it. */
  learn(node: string, neighbour: Neighbour): void {
    this.#all.set(node, neighbour)
  }

  lose(node: string): void {
    if (!this.#all.delete(node)) return
    this.#lost.add(node)
    for (const first of this.#lost) if (this.#lost.size > mostRemembered) this.#lost.delete(first)
    this.#options.onDead(node)
  }
}
