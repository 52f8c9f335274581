import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { apply, diff } from './patch.ts'
import { decodeWire, encodeWire } from './wire.ts'

const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false, '', '~', '~t', 'a'),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
    fc.string(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.constantFrom('__proto__', 'id', 'constructor', 'set', 'keys'), fc.string()), tie('value'), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
    fc.uniqueArray(
      fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), inner: tie('value') }, { noNullPrototype: true }),
      {
        selector: (row) => row.id,
        maxLength: 6,
      },
    ),
  ),
}))

test('applying the difference gives the other value, whatever the two are', () => {
  fc.assert(
    fc.property(anything, anything, (from, to) => {
      const patch = diff(from, to)
      if (patch === undefined) assert.deepStrictEqual(from, to)
      else assert.deepStrictEqual(apply(from, patch), to)
    }),
    { numRuns: 2000 },
  )
})

test('a patch survives the wire', () => {
  fc.assert(
    fc.property(anything, anything, (from, to) => {
      const patch = diff(from, to)
      if (patch === undefined) return
      const travelled: unknown = decodeWire(encodeWire(patch))
      assert.deepStrictEqual(travelled, patch)
    }),
    { numRuns: 1000 },
  )
})

test('equal values have no difference, also when they are copies', () => {
  fc.assert(fc.property(anything, (value) => assert.equal(diff(value, structuredClone(value)), undefined)))
})

test('applying changes neither the value nor the patch', () => {
  fc.assert(
    fc.property(anything, anything, (from, to) => {
      const patch = diff(from, to)
      if (patch === undefined) return
      const copies = structuredClone([from, patch])
      apply(from, patch)
      assert.deepStrictEqual([from, patch], copies)
    }),
  )
})

test('rows that a change does not touch stay the same objects', () => {
  const from = [
    { id: 'a', tags: ['x'] },
    { id: 'b', tags: ['y'] },
    { id: 'c', tags: [] },
  ]
  const to = [
    { id: 'c', tags: [] },
    { id: 'b', tags: ['y', 'z'] },
    { id: 'n', tags: [] },
    { id: 'a', tags: ['x'] },
  ]
  const patch = diff(from, to)
  assert.ok(patch)
  const next = apply(from, patch)
  assert.ok(Array.isArray(next))
  assert.deepEqual(next, to)
  assert.equal(next[0], from[2])
  assert.equal(next[3], from[0])
  assert.notEqual(next[1], from[1])
})

test('a row that moves costs its id, a new row costs itself, a row that goes costs its id', () => {
  const row = (id: string) => ({ id, text: 'long' })
  const from = ['a', 'b', 'c', 'd'].map(row)
  assert.deepEqual(diff(from, ['b', 'c', 'd', 'a'].map(row)), { rows: [], gone: [], put: [[3, 'a']] })
  assert.deepEqual(diff(from, ['a', 'n', 'b', 'c', 'd'].map(row)), { rows: [], gone: [], put: [[1, row('n')]] })
  assert.deepEqual(diff(from, ['a', 'c', 'd'].map(row)), { rows: [], gone: ['b'], put: [] })
})

test('times compare by moment', () => {
  assert.equal(diff({ at: new Date(5) }, { at: new Date(5) }), undefined)
  assert.deepEqual(diff({ at: new Date(5) }, { at: new Date(6) }), { keys: [['at', { set: new Date(6) }]], drop: [] })
  assert.deepEqual(diff(new Date(5), {}), { set: {} })
})

test('rows with an id that comes twice are compared by place', () => {
  const from = [{ id: 'a' }, { id: 'a', n: 1 }]
  const to = [{ id: 'a' }, { id: 'a', n: 2 }]
  assert.deepEqual(diff(from, to), { items: [[1, { keys: [['n', { set: 2 }]], drop: [] }]], length: 2, tail: [] })
})

test('a patch of another value is refused', () => {
  for (const [value, patch] of [
    [5, { keys: [], drop: [] }],
    [{}, { items: [], length: 0, tail: [] }],
    [[1], { items: [], length: 2, tail: [] }],
    [[{ id: 'a' }], { rows: [], gone: ['b'], put: [] }],
    [[{ id: 'a' }], { rows: [['b', { set: 1 }]], gone: [], put: [] }] as const,
    [[{ id: 'a' }], { rows: [], gone: [], put: [[0, 'b']] }] as const,
    [[{ id: 'a' }], { rows: [], gone: [], put: [[7, { id: 'b' }]] }] as const,
  ] as const) {
    assert.throws(() => apply(value, patch), { code: 'TAPRI_KIT_PATCH' })
  }
})

test('as many rows as can stay where they are do', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }), (numbers) => {
      const rows = (order: readonly number[]) => order.map((number) => ({ id: String(number) }))
      const patch = diff(rows([...numbers].sort((one, other) => one - other)), rows(numbers)) ?? { put: [] }
      assert.ok('put' in patch)
      assert.equal(patch.put.length, numbers.length - longestRise(numbers))
    }),
  )
})

/** The oracle: tries every subsequence. */
function longestRise(numbers: readonly number[], above = 0): number {
  const [first, ...rest] = numbers
  if (first === undefined) return 0
  const without = longestRise(rest, above)
  return first > above ? Math.max(without, 1 + longestRise(rest, first)) : without
}
