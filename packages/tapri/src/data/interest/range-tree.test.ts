import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Bound, type Interval, positionIn } from './interval.ts'
import { RangeTree } from './range-tree.ts'

interface Item {
  readonly number: number
  readonly interval: Interval
  at: number
}

function compare(intervals: readonly Interval[], values: readonly Bound[]): void {
  const tree = new RangeTree<Item>()
  const held = new Set<Item>()
  const check = (value: Bound) => {
    const found: string[] = []
    tree.visit(value, (items, isInside) => found.push(...items.map(({ number }) => `${number} ${isInside ? 'inside' : 'end'}`)))
    const expected = [...held].flatMap(({ number, interval: { low, high } }) => {
      const position = positionIn(value, low, high)
      return position === 'outside' ? [] : [`${number} ${position}`]
    })
    assert.deepEqual(found.sort(), expected.sort())
  }
  for (const [number, interval] of intervals.entries()) {
    const item = { number, interval, at: 0 }
    tree.add(item, interval)
    held.add(item)
  }
  values.forEach(check)
  // every third stays
  for (const item of [...held].filter(({ number }) => number % 3 > 0)) {
    tree.remove(item, item.interval)
    held.delete(item)
  }
  values.forEach(check)
  for (const item of held) tree.remove(item, item.interval)
  held.clear()
  assert.equal(tree.isEmpty, true)
  values.forEach(check)
}

const numbers = fc.record({
  low: fc.oneof(
    { weight: 1, arbitrary: fc.constant(Number.NEGATIVE_INFINITY) },
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
  ),
  length: fc.oneof(fc.nat(20), fc.nat(5_000), fc.constant(Number.POSITIVE_INFINITY)),
})
const numberIntervals = numbers.map(({ low, length }) => ({ low, high: (Number.isFinite(low) ? low : 2_500) + length }))
const letters = fc.string({ unit: fc.constantFrom('a', 'b', '\ue000', '\u{1f3c6}'), maxLength: 5 })
const textIntervals = fc.record({ low: letters, high: fc.option(letters, { nil: undefined }) })

test('an interval tree finds what has the value, of thousands of intervals that come and go', () => {
  const many = fc.array(numberIntervals, { minLength: 1_500, maxLength: 3_000, size: 'max' })
  fc.assert(fc.property(many, fc.array(fc.integer({ min: -1, max: 5_001 }), { minLength: 20, maxLength: 20 }), compare), {
    numRuns: 12,
  })
})

test('an interval tree orders texts by code point', () => {
  const many = fc.array(textIntervals, { minLength: 100, maxLength: 400, size: 'max' })
  fc.assert(fc.property(many, fc.array(letters, { minLength: 20, maxLength: 20 }), compare), { numRuns: 40, endOnFailure: true })
})
