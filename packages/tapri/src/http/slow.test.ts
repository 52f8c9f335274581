import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { SlowBodies } from './slow.ts'

test('of many bodies each slow one is cut once, and those that have ended are left alone', () => {
  const clock = manualClock()
  const slow = new SlowBodies(clock)
  const cut: number[] = []
  const watches = [0, 1, 2, 3, 4].map((name) => slow.watch(new IncomingMessage(new Socket()), () => cut.push(name)))
  for (const name of [1, 4, 0]) {
    const watch = watches[name]
    assert.ok(watch)
    slow.unwatch(watch)
    slow.unwatch(watch)
  }
  clock.advance(20_000)
  assert.deepEqual(cut.toSorted(), [2, 3])
})
