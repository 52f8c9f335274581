import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Repeated } from './repeated.ts'

test('work that is asked for while it is done is done once more, however often', async () => {
  const ends: (() => void)[] = []
  const repeated = new Repeated(() => new Promise((resolve) => ends.push(resolve)))
  for (let asked = 0; asked < 1000; asked++) repeated.ask()
  assert.equal(ends.length, 1)
  ends[0]?.()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(ends.length, 2)
  ends[1]?.()
  await repeated.end()
  repeated.ask()
  assert.equal(ends.length, 3)
})

test('what has begun is waited for, and what was asked for meanwhile does not begin', async () => {
  const ends: (() => void)[] = []
  const repeated = new Repeated(() => new Promise((resolve) => ends.push(resolve)))
  repeated.ask()
  repeated.ask()
  const ended = repeated.end()
  ends[0]?.()
  await ended
  assert.equal(ends.length, 1)
})
