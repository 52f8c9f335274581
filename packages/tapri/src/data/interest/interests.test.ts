import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Change } from '../changes.ts'
import { all, always, type Condition, equal, within } from '../condition.ts'
import { Interests, type ReadEntry, ReadSet } from '../index.ts'
import { changes, columnOf, conditions, entriesOf, intervals } from './conditions.fixture.ts'

const box = { id: '1', word: 'a', maybe: null, count: 1, half: null, open: true, at: null, tags: null, data: null }
const row = { ...box, owner: null, parent: null, deletedAt: null }

function update(part: Readonly<Record<string, unknown>>, from: Change['before'] = row): Change {
  return { model: 'boxes', id: '1', before: from, after: { ...row, ...from, ...part } }
}

function readOf(entry: ReadEntry): ReadSet {
  const reads = new ReadSet()
  reads.add(entry)
  return reads
}

/** Adds and ends interests by turns, and compares who is touched with who should be. */
function compare(entries: readonly ReadEntry[], steps: readonly { readonly change: Change; readonly ends: number }[]): void {
  const interests = new Interests<number>()
  const held = new Map<number, { readonly reads: ReadSet; readonly end: () => void }>()
  const perStep = Math.ceil(entries.length / steps.length)
  for (const [at, { change, ends }] of steps.entries()) {
    for (let number = at * perStep; number < (at + 1) * perStep; number++) {
      const entry = entries[number]
      if (entry !== undefined) held.set(number, { reads: readOf(entry), end: interests.add(entry, number) })
    }
    const expected = [...held].filter(([, { reads }]) => reads.touchedBy(change)).map(([number]) => number)
    assert.deepEqual([...interests.touched(change)].sort(byNumber), expected.sort(byNumber))
    for (const [number, { end }] of [...held].slice(0, ends)) {
      end()
      held.delete(number)
    }
    assert.equal(interests.size, held.size)
  }
  for (const { end } of held.values()) end()
  assert.equal(interests.size, 0)
  assert.deepEqual(interests.unindexed, [])
  for (const { change } of steps) assert.deepEqual([...interests.touched(change)], [])
}

function byNumber(one: number, other: number): number {
  return one - other
}

const steps = fc.array(fc.record({ change: changes, ends: fc.nat(8) }), { minLength: 3, maxLength: 12 })

test('a change touches those whose reads it touches, whatever conditions they have', () => {
  const entries = fc.array(entriesOf(conditions), { maxLength: 40 })
  fc.assert(fc.property(entries, steps, compare), { numRuns: 1_500 })
})

test('a change touches those whose reads it touches when their intervals are in trees', () => {
  const entries = fc.array(entriesOf(intervals), { minLength: 40, maxLength: 160 })
  fc.assert(fc.property(entries, steps, compare), { numRuns: 300 })
})

test('a target that holds the same read twice is touched once, until both are ended', () => {
  const interests = new Interests<string>()
  const entry = { model: 'boxes', condition: equal(columnOf('count'), 1) }
  const ends = [interests.add(entry, 'me'), interests.add(entry, 'me')]
  assert.deepEqual([...interests.touched(update({ word: 'b' }))], ['me'])
  ends[0]?.()
  ends[0]?.()
  assert.deepEqual([interests.size, [...interests.touched(update({ word: 'b' }))]], [1, ['me']])
  ends[1]?.()
  assert.deepEqual([interests.size, [...interests.touched(update({ word: 'b' }))]], [0, []])
})

test('one set takes what all changes of a commit touch', () => {
  const interests = new Interests<string>()
  interests.add({ model: 'boxes', condition: equal(columnOf('count'), 1) }, 'one')
  interests.add({ model: 'boxes', condition: equal(columnOf('count'), 2) }, 'two')
  const touched = new Set<string>()
  interests.touched(update({ word: 'b' }), touched)
  interests.touched(update({ word: 'b' }, { ...row, count: 2 }), touched)
  assert.deepEqual([...touched], ['one', 'two'])
})

test('a change of columns that were not read touches nobody whose rows stay the same', () => {
  const interests = new Interests<string>()
  const condition = within(columnOf('word'), ['a', 'b'])
  interests.add({ model: 'boxes', condition, columns: new Set(['count']) }, 'counts')
  interests.add({ model: 'boxes', condition, columns: new Set() }, 'how many')
  interests.add({ model: 'boxes', condition }, 'everything')
  const touchedBy = (part: Readonly<Record<string, unknown>>) => [...interests.touched(update(part))].sort()
  assert.deepEqual(touchedBy({ half: 2 }), ['everything'])
  assert.deepEqual(touchedBy({ word: 'b' }), ['everything'])
  assert.deepEqual(touchedBy({ count: 2 }), ['counts', 'everything'])
  assert.deepEqual(touchedBy({ word: 'c' }), ['counts', 'everything', 'how many'])
  const entering = interests.touched(update({ word: 'a' }, { ...row, word: 'c' }))
  assert.deepEqual([...entering].sort(), ['counts', 'everything', 'how many'])
})

test('conditions that no index finds are told by their pattern, the commonest first', () => {
  const interests = new Interests<number>()
  const contains = (value: string): Condition => ({
    kind: 'text',
    column: columnOf('word'),
    sign: 'contains',
    value,
    negated: false,
  })
  const found: Condition[] = [always, equal(columnOf('open'), true), all([equal(columnOf('owner'), '1'), contains('x')])]
  const lost = [
    contains('x'),
    contains('y'),
    all([equal(columnOf('open'), true), contains('x')]),
    equal(columnOf('count'), 1, true),
  ]
  const ends = [...found, ...lost].map((condition, number) => interests.add({ model: 'boxes', condition }, number))
  const again = interests.add({ model: 'boxes', condition: contains('x') }, 99)
  assert.deepEqual(interests.unindexed, [
    { model: 'boxes', condition: 'word contains ?', count: 2 },
    { model: 'boxes', condition: 'open = ? and word contains ?', count: 1 },
    { model: 'boxes', condition: 'not (count = ?)', count: 1 },
  ])
  for (const end of [...ends, again]) end()
  assert.deepEqual(interests.unindexed, [])
})

test('when the conditions of a pattern that no index finds come to be a thousand, somebody is told', () => {
  const told: unknown[] = []
  const interests = new Interests<number>((unindexed) => told.push(unindexed))
  const contains = (value: string): Condition => ({
    kind: 'text',
    column: columnOf('word'),
    sign: 'contains',
    value,
    negated: false,
  })
  const ends = Array.from({ length: 999 }, (_, at) => interests.add({ model: 'boxes', condition: contains(`w${at}`) }, at))
  for (let at = 0; at < 1_500; at++) interests.add({ model: 'boxes', condition: equal(columnOf('count'), at) }, at)
  interests.add({ model: 'boxes', condition: contains('w0') }, 1)
  assert.deepEqual(told, [])
  ends.push(interests.add({ model: 'boxes', condition: contains('more') }, 1))
  interests.add({ model: 'boxes', condition: contains('still more') }, 1)
  assert.deepEqual(told, [{ model: 'boxes', condition: 'word contains ?', count: 1_000 }])
})

test('a condition with more alternatives than are worth it is found by some of them', () => {
  const interests = new Interests<string>()
  const many = (name: string) =>
    within(
      columnOf(name),
      Array.from({ length: 100 }, (_, at) => (name === 'word' ? `w${at}` : at)),
    )
  interests.add({ model: 'boxes', condition: all([many('word'), many('count')]) }, 'me')
  assert.deepEqual(interests.unindexed, [])
  const touchedBy = (part: Readonly<Record<string, unknown>>) => [...interests.touched(update(part))]
  assert.deepEqual(
    [touchedBy({ word: 'w7' }), touchedBy({ word: 'w7', count: 100 }), touchedBy({ word: 'w100' })],
    [['me'], [], []],
  )
})

test('a value of another type than the intervals is compared as conditions compare it', () => {
  for (const bound of [Number, String]) {
    const interests = new Interests<number>()
    const entries = Array.from({ length: 40 }, (_, value): ReadEntry => {
      return { model: 'boxes', condition: { kind: 'order', column: columnOf('count'), sign: 'gt', value: bound(value) } }
    })
    for (const [number, entry] of entries.entries()) interests.add(entry, number)
    for (const count of ['7', Number.NaN, Number.POSITIVE_INFINITY, 7, true]) {
      const change = update({ word: 'b', count }, { ...row, count })
      const expected = entries.flatMap((entry, number) => (readOf(entry).touchedBy(change) ? [number] : []))
      assert.ok(expected.length > 0)
      assert.deepEqual([...interests.touched(change)].sort(byNumber), expected)
    }
  }
})
