import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../kit/clock.ts'
import { Watch } from './watch.ts'

test('a stream stays while the store takes long to keep a piece of it', () => {
  const clock = manualClock()
  const start = clock.now()
  const stays: number[] = []
  using watch = new Watch({ clock, stay: (heardAt) => stays.push((heardAt - start) / 1000), isHeldUp: () => true })
  void watch.keeping(() => new Promise(() => {}))
  for (let second = 0; second < 40; second++) {
    watch.heard()
    clock.advance(1000)
  }
  assert.deepEqual(stays, [5, 10, 15, 20, 25, 30, 35, 40])
  assert.equal(watch.signal.aborted, false)
})
