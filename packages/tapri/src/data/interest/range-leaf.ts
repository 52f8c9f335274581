import { type Listed, put, takeOut } from '../../kit/lists.ts'
import { type Bound, compareIntervals, farther, type Interval, isReached, positionIn } from './interval.ts'
import { mostParts, type Node, type Take } from './range-node.ts'

/** Intervals, and the items of each. */
export class Leaf<Item extends Listed> implements Node<Item> {
  readonly #lows: Bound[]
  readonly #highs: (Bound | undefined)[]
  readonly #items: Item[][]

  constructor(lows: Bound[], highs: (Bound | undefined)[], items: Item[][]) {
    this.#lows = lows
    this.#highs = highs
    this.#items = items
  }

  get size(): number {
    return this.#lows.length
  }

  get first(): Interval {
    return this.#at(0)
  }

  get reach(): Bound | undefined {
    return this.#highs.reduce(farther)
  }

  add(item: Item, interval: Interval): Leaf<Item> | undefined {
    const at = this.#find(interval)
    const items = this.#items[at]
    if (items !== undefined && compareIntervals(this.#at(at), interval) === 0) {
      put(items, item)
      return undefined
    }
    this.#lows.splice(at, 0, interval.low)
    this.#highs.splice(at, 0, interval.high)
    this.#items.splice(at, 0, put(undefined, item))
    if (this.size <= mostParts) return undefined
    const half = mostParts / 2
    return new Leaf(this.#lows.splice(half), this.#highs.splice(half), this.#items.splice(half))
  }

  remove(item: Item, interval: Interval): void {
    const at = this.#find(interval)
    const items = this.#items[at]
    if (items === undefined || takeOut(items, item) !== undefined) return
    this.#lows.splice(at, 1)
    this.#highs.splice(at, 1)
    this.#items.splice(at, 1)
  }

  visit(value: Bound, take: Take<Item>): void {
    const lows = this.#lows
    for (let at = 0; at < lows.length; at++) {
      const high = this.#highs[at]
      if (!isReached(value, high)) continue
      const position = positionIn(value, lows[at] ?? '', high)
      // whatever comes after begins later
      if (position === 'outside') return
      take(this.#items[at] ?? [], position === 'inside')
    }
  }

  visitAll(take: Take<Item>): void {
    for (const items of this.#items) take(items, false)
  }

  /** Where the interval is, or belongs. */
  #find(interval: Interval): number {
    let at = 0
    while (at < this.size && compareIntervals(this.#at(at), interval) < 0) at++
    return at
  }

  #at(at: number): Interval {
    return { low: this.#lows[at] ?? '', high: this.#highs[at] }
  }
}
