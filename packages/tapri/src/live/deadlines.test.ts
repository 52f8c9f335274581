import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { Deadlines } from './deadlines.ts'

function openDeadlines() {
  const clock = manualClock()
  const called: string[] = []
  const deadlines = new Deadlines<string>(clock, 100, (item) => called.push(item))
  return { clock, called, deadlines }
}

test('each is called when its own time is over', () => {
  const { clock, called, deadlines } = openDeadlines()
  deadlines.add('one')
  clock.advance(60)
  deadlines.add('other')
  clock.advance(39)
  assert.deepEqual(called, [])
  clock.advance(1)
  assert.deepEqual(called, ['one'])
  clock.advance(59)
  assert.deepEqual(called, ['one'])
  clock.advance(1)
  assert.deepEqual(called, ['one', 'other'])
})

test('what is taken out is not called, and may wait again', () => {
  const { clock, called, deadlines } = openDeadlines()
  deadlines.add('one')
  deadlines.remove('one')
  clock.advance(150)
  assert.deepEqual(called, [])
  deadlines.add('one')
  clock.advance(99)
  assert.deepEqual(called, [])
  clock.advance(1)
  assert.deepEqual(called, ['one'])
})

test('what waits already is not put off', () => {
  const { clock, called, deadlines } = openDeadlines()
  deadlines.add('one')
  clock.advance(50)
  deadlines.add('one')
  clock.advance(50)
  assert.deepEqual(called, ['one'])
})

test('a clock that is set back keeps nobody waiting for longer', () => {
  const { clock, called } = openDeadlines()
  let back = 0
  const deadlines = new Deadlines<string>({ ...clock, now: () => clock.now() - back }, 100, (item) => called.push(item))
  deadlines.add('one')
  back = 3_600_000
  clock.advance(100)
  assert.deepEqual(called, ['one'])
})
