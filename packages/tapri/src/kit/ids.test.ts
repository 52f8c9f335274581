import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isId, newId } from './ids.ts'

test('ids are UUIDv7 and carry their time', () => {
  const now = Date.UTC(2090, 0, 1)
  const id = newId(now)
  assert.ok(isId(id), id)
  assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), now)
})

test('ids of one process sort in the order of making, within a millisecond and when the clock goes back', () => {
  const now = Date.UTC(2091, 0, 1)
  const ids = Array.from({ length: 20_000 }, (_, index) => newId(index % 3 === 0 ? now - 1000 : now))
  assert.deepEqual(ids, ids.toSorted())
  assert.equal(new Set(ids).size, ids.length)
})

test('other texts are not ids', () => {
  for (const text of ['', 'x', '018f0000-0000-4000-8000-000000000000', `${newId()}0`, newId().toUpperCase(), 7, null]) {
    assert.equal(isId(text), false, String(text))
  }
})
