import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Held } from './held.ts'

const likes = (likes: number) => ({ keys: [['likes', { set: likes }] as const], drop: [] })
const misfits = {
  'that follows another value': { topic: 1, from: 'q', etag: 'z', ops: likes(2) },
  'of what is not there': { topic: 1, from: 'y', etag: 'z', ops: { rows: [], gone: ['a'], put: [] } },
}

for (const [which, misfit] of Object.entries(misfits)) {
  test(`of a frame with a change ${which} nothing is taken, so that the whole value is told when it comes`, () => {
    const held = new Held()
    held.takeWhole({ type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'x', value: { likes: 0 } })
    const fitting = { topic: 1, from: 'x', etag: 'y', ops: likes(1) }
    assert.equal(held.takeChanges([fitting, misfit], 'e.3'), 'lost')
    assert.deepEqual([held.value, held.etag], [{ likes: 0 }, undefined])
    assert.equal(held.takeWhole({ type: 'snapshot', id: 2, topic: 2, at: 'e.3', etag: 'y', value: { likes: 1 } }), 'changed')
    assert.deepEqual([held.value, held.etag], [{ likes: 1 }, 'y'])
  })
}

test('the changes of a frame that all follow each other are taken together', () => {
  const held = new Held()
  held.takeWhole({ type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'x', value: { likes: 0 } })
  const changes = [
    { topic: 1, from: 'x', etag: 'y', ops: likes(1) },
    { topic: 2, from: 'q', etag: 'z', ops: likes(9) },
    { topic: 1, from: 'y', etag: 'z', ops: likes(2) },
  ]
  assert.equal(held.takeChanges(changes, 'e.3'), 'changed')
  assert.deepEqual([held.value, held.etag, held.at], [{ likes: 2 }, 'z', 'e.3'])
})
