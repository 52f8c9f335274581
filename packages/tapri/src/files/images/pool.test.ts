import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pool } from './pool.ts'

test('so much is done at once, the rest waits in its order, and what is too much is refused', async () => {
  const pool = new Pool({ atOnce: 2, waiting: 2 })
  const begun: number[] = []
  const ends: (() => void)[] = []
  const work = (name: number) =>
    pool.run(async () => {
      begun.push(name)
      await new Promise<void>((resolve) => ends.push(resolve))
      return name
    })
  const done = [work(1), work(2), work(3), work(4)]
  await assert.rejects(work(5), { code: 'TAPRI_FILES_BUSY', status: 503, facts: { retryAfter: 2 } })
  assert.deepEqual(begun, [1, 2])
  ends.shift()?.()
  assert.equal(await done[0], 1)
  assert.deepEqual(begun, [1, 2, 3])
  ends.shift()?.()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(begun, [1, 2, 3, 4])
  for (const end of ends) end()
  assert.deepEqual(await Promise.all(done), [1, 2, 3, 4])
  assert.equal(await pool.run(async () => 'free again'), 'free again')
})

test('work that fails gives its turn on', async () => {
  const pool = new Pool({ atOnce: 1, waiting: 1 })
  const failed = pool.run(async () => {
    throw new Error('no')
  })
  const next = pool.run(async () => 'yes')
  await assert.rejects(failed, /no/)
  assert.equal(await next, 'yes')
})

test('a pool that closes refuses what waits and what comes later, and lets what has begun come to its end', async () => {
  const pool = new Pool({ atOnce: 1, waiting: 2 })
  const end = Promise.withResolvers<string>()
  const begun = pool.run(() => end.promise)
  const stopped = { code: 'TAPRI_FILES_BUSY', status: 503, message: /this server stops/, facts: { retryAfter: 2 } }
  const refused = [1, 2].map(() => assert.rejects(pool.run(assert.fail), stopped))
  pool.close()
  await Promise.all(refused)
  end.resolve('made')
  assert.equal(await begun, 'made')
  await assert.rejects(pool.run(assert.fail), stopped)
})
