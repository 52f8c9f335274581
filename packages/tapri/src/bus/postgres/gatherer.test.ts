import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { manualClock } from '../../kit/clock.ts'
import { Gatherer } from './gatherer.ts'

test('the first message goes at once, and those of the next milliseconds together, in order', async () => {
  const clock = manualClock()
  const sent: string[][] = []
  const gatherer = new Gatherer(clock, async (messages) => void sent.push(messages.map(([, text]) => text)))
  await gatherer.add('kites', 'one')
  const later = ['two', 'three'].map((text) => gatherer.add('kites', text))
  await turn()
  assert.deepEqual(sent, [['one']])
  clock.advance(4)
  await Promise.all(later)
  assert.deepEqual(sent, [['one'], ['two', 'three']])
  clock.advance(4)
  await gatherer.add('kites', 'four')
  assert.deepEqual(sent.at(-1), ['four'])
})

test('a batch is not larger than half a million characters, and batches go one after another', async () => {
  const clock = manualClock()
  const sizes: number[] = []
  const gatherer = new Gatherer(clock, async (messages) => void sizes.push(messages.length))
  const added = Array.from({ length: 5 }, () => gatherer.add('kites', 'k'.repeat(256 * 1024)))
  for (let batch = 1; batch <= 3; batch++) {
    await turn()
    assert.equal(sizes.length, batch)
    clock.advance(4)
  }
  await Promise.all(added)
  assert.deepEqual(sizes, [2, 2, 1])
})

test('whoever is not sent is told so: by a failure those of one batch, by the end all that wait', async () => {
  const clock = manualClock()
  const gatherer = new Gatherer(clock, async () => {
    throw new Error('the server is gone')
  })
  await assert.rejects(gatherer.add('kites', 'one'), /the server is gone/)
  const waiting = gatherer.add('kites', 'two')
  gatherer.close()
  await assert.rejects(waiting, /closed/)
  await assert.rejects(gatherer.add('kites', 'three'), /closed/)
})
