import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lock, Slots } from './lock.ts'

test('a lock runs one piece of work at a time, in the order of asking', async () => {
  const lock = new Lock()
  const seen: string[] = []
  const work = (name: string) => async () => {
    seen.push(`${name} begins`)
    await Promise.resolve()
    seen.push(`${name} ends`)
    return name
  }
  assert.deepEqual(await Promise.all([lock.run(work('a')), lock.run(work('b'))]), ['a', 'b'])
  assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends'])
})

test('work that fails keeps nobody else from the lock', async () => {
  const lock = new Lock()
  const failing = lock.run(() => {
    throw new Error('no')
  })
  const next = lock.run(() => 'yes')
  await assert.rejects(failing, /no/)
  assert.equal(await next, 'yes')
})

test('slots run as many pieces of work at a time as there are, and no more', async () => {
  const slots = new Slots(2)
  let running = 0
  let most = 0
  const work = async (number: number) => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    if (number === 3) throw new Error('three')
    return number
  }
  const all = [1, 2, 3, 4, 5].map((number) => slots.run(() => work(number)))
  assert.equal(slots.waiting, 3)
  const outcomes = await Promise.allSettled(all)
  assert.equal(most, 2)
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
})
