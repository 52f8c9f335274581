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
  const watches = [0, 1, 2, 3, 4].map((name) => slow.watch(read(), () => cut.push(name)))
  for (const name of [1, 4, 0]) {
    const watch = watches[name]
    assert.ok(watch)
    slow.unwatch(watch)
    slow.unwatch(watch)
  }
  clock.advance(20_000)
  assert.deepEqual(cut.toSorted(), [2, 3])
})

test('a body that nobody has begun to read is not cut: its sender may have sent all of it', () => {
  const clock = manualClock()
  const slow = new SlowBodies(clock)
  const cut: string[] = []
  const request = new IncomingMessage(new Socket())
  slow.watch(request, () => cut.push('waiting'))
  clock.advance(20_000)
  assert.deepEqual(cut, [])
  request.resume()
  clock.advance(20_000)
  assert.deepEqual(cut, ['waiting'])
})

/** A request whose body is being read. */
function read(): IncomingMessage {
  return new IncomingMessage(new Socket()).resume()
}
