import type { Listed } from '../../kit/lists.ts'
import type { Bound, Interval } from './interval.ts'
import { Branch } from './range-branch.ts'
import { Leaf } from './range-leaf.ts'
import type { Node, Take } from './range-node.ts'

/**
 * Intervals of numbers, or of texts, and which of them have a value: a B-tree that knows how far its parts reach. What a
 * search looks at stands side by side: to fetch each interval from somewhere else in memory is what would cost most.
 */
export class RangeTree<Item extends Listed> {
  #root: Node<Item> = new Leaf([], [], [])

  get isEmpty(): boolean {
    return this.#root.size === 0
  }

  add(item: Item, interval: Interval): void {
    const half = this.#root.add(item, interval)
    if (half !== undefined) this.#root = new Branch([this.#root, half])
  }

  remove(item: Item, interval: Interval): void {
    this.#root.remove(item, interval)
    if (this.#root.size === 0) this.#root = new Leaf([], [], [])
  }

  visit(value: Bound, take: Take<Item>): void {
    this.#root.visit(value, take)
  }

  visitAll(take: Take<Item>): void {
    this.#root.visitAll(take)
  }
}
