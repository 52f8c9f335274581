import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from './pace.ts'

test('a shape is fast or slow once it was read three times', () => {
  const pace = new Pace()
  assert.equal(pace.isFast('a'), undefined)
  pace.note('a', 0.1)
  pace.note('a', 0.1)
  assert.equal(pace.isFast('a'), undefined)
  pace.note('a', 0.1)
  assert.equal(pace.isFast('a'), true)
  for (let run = 0; run < 3; run++) pace.note('b', 30)
  assert.equal(pace.isFast('b'), false)
  assert.equal(pace.isFast('a'), true)
})

test('one slow run makes a fast shape slow, and only many fast ones make it fast again', () => {
  const pace = new Pace()
  for (let run = 0; run < 1000; run++) pace.note('a', 0.1)
  pace.note('a', 300)
  assert.equal(pace.isFast('a'), false)
  let runs = 0
  for (; pace.isFast('a') === false; runs++) pace.note('a', 0.1)
  assert.ok(runs > 10 && runs < 50, `${runs} runs`)
})
