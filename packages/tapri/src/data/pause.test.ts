import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pausing } from './pause.ts'

test('work goes on for a few milliseconds, then everybody else has a turn', async () => {
  let now = 0
  const pause = pausing(() => now)
  assert.equal(pause(), undefined)
  now = 4
  assert.equal(pause(), undefined)
  now = 6
  let others = 0
  setImmediate(() => {
    others++
    now = 100
  })
  await pause()
  assert.equal(others, 1)
  // counted from the end of their turn
  assert.equal(pause(), undefined)
  now = 105
  assert.ok(pause() instanceof Promise)
})
