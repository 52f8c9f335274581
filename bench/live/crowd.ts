import type { Change } from '../../packages/tapri/src/data/index.ts'
import type { Engine } from './engines.ts'
import { Workload } from './workload.ts'

/** In every so many writes one subscription ends and another begins. */
export const churn = 10

/** Subscriptions of one engine, and the writes that they are asked about. */
export class Crowd {
  readonly engine: Engine
  readonly #wishes: Workload
  readonly #writes: Workload
  readonly #ends: (() => void)[] = []
  #turn = 0
  #touched = 0

  constructor(engine: Engine, subscriptions: number) {
    this.engine = engine
    this.#wishes = new Workload(subscriptions, 1)
    this.#writes = new Workload(subscriptions, 2)
    for (let target = 0; target < subscriptions; target++) this.#ends.push(this.#add(target))
  }

  get touchedByEach(): number {
    return this.#touched / this.#turn
  }

  changes(count: number): Change[] {
    return Array.from({ length: count }, () => this.#writes.change())
  }

  /** Writes in a second of processor time. */
  rate(changes: readonly Change[]): number {
    const started = process.cpuUsage()
    for (const change of changes) this.write(change)
    return changes.length / (microsecondsSince(started) / 1_000_000)
  }

  write(change: Change): Iterable<number> {
    const touched = this.engine.touched(change)
    for (const _ of touched) this.#touched++
    if (this.#turn++ % churn === 0) this.#replace()
    return touched
  }

  #replace(): void {
    const target = (this.#turn * 7_919) % this.#ends.length
    this.#ends[target]?.()
    this.#ends[target] = this.#add(target)
  }

  #add(target: number): () => void {
    const wish = this.#wishes.wish()
    return this.engine.add(wish, this.#wishes.entry(wish), target)
  }
}

/** Of processor time, of all threads. */
export function microsecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return user + system
}
