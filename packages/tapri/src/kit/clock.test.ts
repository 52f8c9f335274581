import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock, systemClock } from './clock.ts'

test('a manual clock moves only when told to, and runs timers in the order they fall due', () => {
  const clock = manualClock(1000)
  const ran: string[] = []
  clock.after(20, () => ran.push(`second at ${clock.now()}`))
  clock.after(10, () => {
    ran.push(`first at ${clock.now()}`)
    clock.after(5, () => ran.push(`inner at ${clock.now()}`))
  })
  const cancel = clock.after(15, () => ran.push('never'))
  cancel()
  clock.advance(9)
  assert.deepEqual(ran, [])
  clock.advance(91)
  assert.deepEqual(ran, ['first at 1010', 'inner at 1015', 'second at 1020'])
  assert.equal(clock.now(), 1100)
})

test('the system clock calls after a while, unless cancelled', async () => {
  const cancel = systemClock.after(0, () => assert.fail('was cancelled'))
  cancel()
  const kept = setTimeout(() => {}, 10_000)
  await new Promise<void>((done) => systemClock.after(1, done))
  clearTimeout(kept)
})
