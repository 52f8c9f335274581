import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diff } from '../kit/patch.ts'
import { takesAway } from './takes-away.ts'

const one = { id: 'a', title: 'One', likes: 1, tags: ['x'], author: { id: 'ann', name: 'Ann' } }
const two = { ...one, id: 'b', title: 'Two' }

function takes(from: unknown, to: unknown): boolean {
  const patch = diff(from, to)
  assert.ok(patch)
  return takesAway(patch)
}

for (const [what, from, to] of [
  ['a row that went', [one, two], [two]],
  ['a row in the place of another', [one, two], [one, { ...two, id: 'c' }]],
  ['all rows', [one, two], []],
  ['a value that is another', one, null],
  ['an object of which another row is shown', one, two],
  ['a text of an object that may be another row', { title: 'One' }, { title: 'Two' }],
  ['a key', [one, two], [{ ...one, title: undefined }, two].map((row) => JSON.parse(JSON.stringify(row)))],
  ['a field that is empty now', [one, two], [{ ...one, title: null }, two]],
  ['a related row that is another', [one, two], [{ ...one, author: { id: 'bob', name: 'Bob' } }, two]],
  ['a place of a list without ids', [{ title: 'One' }, { title: 'Two' }], [{ title: 'Two' }]],
  ['one of a list of texts inside a row', [one, two], [{ ...one, tags: [] }, two]],
  ['places that moved up', ['a', 'b', 'c'], ['b', 'c', 'd']],
] as const) {
  test(`${what} may have been taken away`, () => assert.equal(takes(from, to), true))
}

for (const [what, from, to] of [
  ['a row that came', [one], [one, two]],
  ['rows that changed places', [one, two], [two, one]],
  ['an edited text of a row', [one, two], [{ ...one, title: 'Edited' }, two]],
  ['a number of a row', [one, two], [{ ...one, likes: 2 }, two]],
  ['a number of an object', { title: 'One', likes: 1 }, { title: 'One', likes: 2 }],
  ['a time', { at: new Date(0) }, { at: new Date(1) }],
  ['what is appended to a list without ids', ['a'], ['a', 'b']],
] as const) {
  test(`${what} takes nothing away`, () => assert.equal(takes(from, to), false))
}
