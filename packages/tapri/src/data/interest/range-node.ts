import type { Listed } from '../../kit/lists.ts'
import type { Bound, Interval } from './interval.ts'

/** A node with more parts is split in two. */
export const mostParts = 32

/** Gives items of one interval; `isInside` says that the value is at none of its ends. */
export type Take<Item> = (items: readonly Item[], isInside: boolean) => void

/** A part of the tree: nodes in the order of their intervals, or at the bottom the items of one interval each. */
export interface Node<Item extends Listed> {
  readonly size: number
  /** The first interval, and how far one of them reaches. */
  readonly first: Interval
  readonly reach: Bound | undefined
  /** Answers the second half, when it has become too large. */
  add(item: Item, interval: Interval): Node<Item> | undefined
  remove(item: Item, interval: Interval): void
  visit(value: Bound, take: Take<Item>): void
  visitAll(take: Take<Item>): void
}
