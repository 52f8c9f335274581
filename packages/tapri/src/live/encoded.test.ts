import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { apply } from '../kit/patch.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'
import { encoded } from './encoded.ts'

const id = fc.constantFrom('a', 'b', 'c', 'd', '~e')
const cell = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom('x', '~x', null, undefined, new Date(0)))
const row = fc.record({ id, title: cell, likes: cell })
const rows = fc.uniqueArray(row, { selector: (each) => each.id, maxLength: 5 })
const value = fc.oneof({ weight: 6, arbitrary: rows }, fc.array(row, { maxLength: 4 }), fc.array(cell), row, cell)

test('an answer travels as the JSON of its value, and a patch leads from each to the next', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 2, maxLength: 6 }), (values) => {
      let before = encoded(values[0])
      for (const next of values.slice(1)) {
        const after = encoded(next, before)
        assert.equal(after.text, encodeWire(next))
        const patch = after.patchFrom(before)
        const held = decodeWire(before.text)
        assert.deepEqual(patch === undefined ? held : apply(held, decoded(patch)), decodeWire(after.text))
        if (patch === undefined) assert.deepEqual(held, decodeWire(after.text))
        before = after
      }
    }),
    { numRuns: 2_000 },
  )
})

test('of rows that stay where they are, those that changed are named alone', () => {
  const before = encoded([
    { id: 'a', likes: 1 },
    { id: 'b', likes: 1 },
  ])
  const after = encoded(
    [
      { id: 'a', likes: 1 },
      { id: 'b', likes: 2 },
    ],
    before,
  )
  const likes = { keys: [['likes', { set: 2 }]], drop: [] }
  assert.deepEqual(after.patchFrom(before), { rows: [['b', likes]], gone: [], put: [] })
})

test('a row that moves is named by its id, and one that comes is told whole', () => {
  const before = encoded([{ id: 'a' }, { id: 'b' }, { id: 'c' }])
  const after = encoded([{ id: 'c' }, { id: 'a' }, { id: 'b' }, { id: 'd', likes: 1 }], before)
  const put = [
    [0, 'c'],
    [3, { id: 'd', likes: 1 }],
  ]
  assert.deepEqual(after.patchFrom(before), { rows: [], gone: [], put })
})

test('the same rows again are no change, whatever the order of their keys', () => {
  const before = encoded([{ id: 'a', likes: 1 }])
  assert.equal(encoded([{ id: 'a', likes: 1 }], before).patchFrom(before), undefined)
  assert.equal(encoded([{ likes: 1, id: 'a' }], before).patchFrom(before), undefined)
})

test('values that say themselves how they travel are taken by their word', () => {
  const told = [{ id: 'a', toJSON: () => ({ id: 'b', likes: 1 }) }]
  assert.equal(encoded(told).text, '[{"id":"b","likes":1}]')
})

/** As it arrives. */
function decoded(patch: object): any {
  return decodeWire(encodeWire(patch))
}
