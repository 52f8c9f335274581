import { compareValues } from '../evaluate.ts'

export type Bound = string | number

/** Values of one column from one to the other. Without an end numbers begin and end with infinity; the first text is the empty
 * one, and there is no last. */
export interface Interval {
  readonly low: Bound
  readonly high: Bound | undefined
}

/** From a value on, or up to it. */
export function halfOf(value: Bound, side: 'low' | 'high'): Interval {
  const isNumber = typeof value === 'number'
  if (side === 'low') return { low: value, high: isNumber ? Number.POSITIVE_INFINITY : undefined }
  return { low: isNumber ? Number.NEGATIVE_INFINITY : '', high: value }
}

export function overlap(one: Interval, other: Interval): Interval {
  const low = compareBounds(one.low, other.low) < 0 ? other.low : one.low
  if (one.high === undefined || other.high === undefined) return { low, high: one.high ?? other.high }
  return { low, high: compareBounds(one.high, other.high) < 0 ? one.high : other.high }
}

/** Whether it has two ends. */
export function isClosed({ low, high }: Interval): boolean {
  return low !== Number.NEGATIVE_INFINITY && low !== '' && high !== undefined && high !== Number.POSITIVE_INFINITY
}

/** Where a value is: at an end it depends on whether the end belongs to it. */
export function positionIn(value: Bound, low: Bound, high: Bound | undefined): 'inside' | 'end' | 'outside' {
  const fromLow = compareBounds(value, low)
  if (fromLow < 0) return 'outside'
  const toHigh = high === undefined ? -1 : compareBounds(value, high)
  if (toHigh > 0) return 'outside'
  return fromLow > 0 && toHigh < 0 ? 'inside' : 'end'
}

export function isReached(value: Bound, reach: Bound | undefined): boolean {
  return reach === undefined || compareBounds(value, reach) <= 0
}

/** The farther one of two ends. */
export function farther(one: Bound | undefined, other: Bound | undefined): Bound | undefined {
  if (one === undefined || other === undefined) return undefined
  return compareBounds(one, other) < 0 ? other : one
}

/** By the low end, then by the high one. */
export function compareIntervals(one: Interval, other: Interval): number {
  if (one.low !== other.low) return compareBounds(one.low, other.low)
  if (one.high === other.high) return 0
  if (one.high === undefined) return 1
  return other.high === undefined ? -1 : compareBounds(one.high, other.high)
}

export function compareBounds(one: Bound, other: Bound): number {
  // infinity less itself is no number
  if (one === other) return 0
  return typeof one === 'number' && typeof other === 'number' ? one - other : compareValues(one, other)
}
