import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from './turns.ts'

test('so many are under way at once, in the order of asking, and who has nothing left to do takes no place', () => {
  const turns = new Turns(2)
  const begun: string[] = []
  const ask = (name: string, begins = true) => turns.ask({ begin: () => begins && begun.push(name) > 0 })
  ask('gone', false)
  ask('one')
  ask('two')
  ask('three')
  ask('left', false)
  ask('four')
  assert.deepEqual(begun, ['one', 'two'])
  turns.next()
  assert.deepEqual(begun, ['one', 'two', 'three'])
  turns.next()
  turns.next()
  ask('five')
  assert.deepEqual(begun, ['one', 'two', 'three', 'four', 'five'])
  ask('six')
  assert.equal(begun.length, 5)
})
