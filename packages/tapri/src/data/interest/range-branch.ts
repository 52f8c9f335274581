import type { Listed } from '../../kit/lists.ts'
import { type Bound, compareBounds, compareIntervals, farther, type Interval, isReached } from './interval.ts'
import { mostParts, type Node, type Take } from './range-node.ts'

/** Nodes, and where each begins and how far it reaches. */
export class Branch<Item extends Listed> implements Node<Item> {
  readonly #nodes: Node<Item>[]
  readonly #lows: Bound[]
  readonly #reaches: (Bound | undefined)[]

  constructor(nodes: Node<Item>[]) {
    this.#nodes = nodes
    this.#lows = nodes.map(({ first }) => first.low)
    this.#reaches = nodes.map(({ reach }) => reach)
  }

  get size(): number {
    return this.#nodes.length
  }

  get first(): Interval {
    return this.#nodes[0]?.first ?? { low: '', high: undefined }
  }

  get reach(): Bound | undefined {
    return this.#reaches.reduce(farther)
  }

  add(item: Item, interval: Interval): Branch<Item> | undefined {
    const at = this.#find(interval)
    const half = this.#nodes[at]?.add(item, interval)
    this.#measure(at)
    if (half === undefined) return undefined
    this.#nodes.splice(at + 1, 0, half)
    this.#lows.splice(at + 1, 0, half.first.low)
    this.#reaches.splice(at + 1, 0, half.reach)
    return this.size <= mostParts ? undefined : this.#split()
  }

  remove(item: Item, interval: Interval): void {
    const at = this.#find(interval)
    const node = this.#nodes[at]
    node?.remove(item, interval)
    if (node?.size === 0) this.#drop(at)
    else this.#measure(at)
  }

  visit(value: Bound, take: Take<Item>): void {
    const lows = this.#lows
    for (let at = 0; at < lows.length; at++) {
      if (!isReached(value, this.#reaches[at])) continue
      // whatever comes after begins later
      if (compareBounds(value, lows[at] ?? '') < 0) return
      this.#nodes[at]?.visit(value, take)
    }
  }

  visitAll(take: Take<Item>): void {
    for (const node of this.#nodes) node.visitAll(take)
  }

  #split(): Branch<Item> {
    const half = mostParts / 2
    this.#lows.splice(half)
    this.#reaches.splice(half)
    return new Branch(this.#nodes.splice(half))
  }

  /** The last node that does not begin after the interval. */
  #find(interval: Interval): number {
    let at = this.size - 1
    while (at > 0 && this.#beginsAfter(at, interval)) at--
    return at
  }

  /** The node itself is asked only among those that begin alike. */
  #beginsAfter(at: number, interval: Interval): boolean {
    const order = compareBounds(this.#lows[at] ?? '', interval.low)
    return order === 0 ? compareIntervals(this.#nodes[at]?.first ?? interval, interval) > 0 : order > 0
  }

  #drop(at: number): void {
    this.#nodes.splice(at, 1)
    this.#lows.splice(at, 1)
    this.#reaches.splice(at, 1)
  }

  #measure(at: number): void {
    const node = this.#nodes[at]
    if (node === undefined) return
    this.#lows[at] = node.first.low
    this.#reaches[at] = node.reach
  }
}
