import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { RowQueues, WriteQueue } from './queue.ts'

/** Work that goes on until it is told to end. */
function stuck() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { work: () => promise, end: resolve }
}
const busy = { code: 'TAPRI_DATA_BUSY', status: 503, facts: { retryAfter: 1 } }
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('so many work at a time, the others in the order of asking', async () => {
  const queue = new WriteQueue(2, manualClock())
  const seen: number[] = []
  let working = 0
  let most = 0
  const work = async (number: number) => {
    seen.push(number)
    most = Math.max(most, ++working)
    await turn()
    working--
    if (number === 3) throw new Error('three')
    return number
  }
  const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map((number) => queue.run(() => work(number))))
  assert.deepEqual(seen, [1, 2, 3, 4, 5])
  assert.equal(most, 2)
  assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, 1)
  assert.equal(queue.isIdle, true)
})

test('who has waited for a minute is told to come again, and who came later goes on waiting', async () => {
  const clock = manualClock()
  const queue = new WriteQueue(1, clock)
  const first = stuck()
  const working = queue.run(first.work)
  const early = queue.run(async () => 'early')
  clock.advance(50_000)
  const late = queue.run(async () => 'late')
  const refused = assert.rejects(early, busy)
  clock.advance(10_000)
  await refused
  clock.advance(49_999)
  first.end()
  await working
  assert.equal(await late, 'late')
})

test('the line has an end: beyond 10,000 who asks is told to come again', async () => {
  const queue = new WriteQueue(1, manualClock())
  const first = stuck()
  const working = queue.run(first.work)
  const waiting = Array.from({ length: 10_000 }, (_none, number) => queue.run(async () => number))
  await assert.rejects(
    queue.run(async () => 'one more'),
    busy,
  )
  first.end()
  await working
  assert.equal((await Promise.all(waiting)).at(-1), 9999)
  assert.equal(await queue.run(async () => 'again'), 'again')
})

test('who stops waiting leaves the line, and never works', async () => {
  const queue = new WriteQueue(1, manualClock())
  const first = stuck()
  const working = queue.run(first.work)
  const abort = new AbortController()
  let ran = false
  const leaving = queue.run(async () => {
    ran = true
  }, abort.signal)
  const next = queue.run(async () => 'next')
  const refused = assert.rejects(leaving, { code: 'TAPRI_DATA_ABORTED', status: 499 })
  abort.abort(new Error('The caller has left'))
  await refused
  first.end()
  await working
  assert.equal(await next, 'next')
  assert.equal(ran, false)
})

test('those who change one row wait for each other, those of other rows do not', async () => {
  const rows = new RowQueues(manualClock())
  const first = stuck()
  const seen: string[] = []
  const note = (name: string) => async () => void seen.push(name)
  const working = rows.run('a', first.work)
  const second = rows.run('a', note('second of a'))
  await rows.run('b', note('b'))
  assert.deepEqual(seen, ['b'])
  first.end()
  await Promise.all([working, second])
  assert.deepEqual(seen, ['b', 'second of a'])
})
