import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { manualClock } from '../../kit/clock.ts'
import { stalledAfter } from '../conformance/under-test.ts'
import { Budget, type Share, sentBy } from './budget.ts'

test('over the half each has what it cannot do without, and more once others give back', async () => {
  const budget = new Budget({ most: 100, clock: manualClock() })
  using one = budget.share(20)
  using other = budget.share(20)
  await one.take(45)
  await other.take(20)
  const more = other.take(10)
  assert.equal(await isDone(more), false)
  one.give(35)
  await more
  assert.equal(budget.held, 40)
})

test('at the bound one goes on, the others wait for it in the order in which they came', async () => {
  const budget = new Budget({ most: 100, clock: manualClock() })
  using one = budget.share(60)
  using second = budget.share(60)
  using third = budget.share(60)
  for (const share of [one, second, third]) await share.take(30)
  await one.take(20)
  await one.take(10)
  const waiting = [second.take(20), third.take(20)]
  assert.deepEqual([await isDone(waiting[0]), await isDone(waiting[1]), budget.held], [false, false, 120])
  one[Symbol.dispose]()
  await Promise.all(waiting)
  assert.equal(budget.held, 100)
})

test('however many work at once, all come to their end and no more is held than the bound and what one needs', async () => {
  const budget = new Budget({ most: 100, clock: manualClock() })
  let most = 0
  const work = async () => {
    using share = budget.share(30)
    for (let step = 0; step < 30; step++) {
      await share.take(1)
      most = Math.max(most, budget.held)
      await setImmediate()
    }
  }
  await Promise.all(Array.from({ length: 50 }, work))
  assert.ok(most > 50 && most <= 130, `${most} of 100`)
  assert.equal(budget.held, 0)
})

test('who waits is refused after a while, and let on when its source has closed', async () => {
  const clock = manualClock()
  const budget = new Budget({ most: 100, clock })
  using others = budget.share(200)
  await others.take(150)
  using share = budget.share(20)
  const refused = assert.rejects(share.take(10), { code: 'TAPRI_FILES_BUSY', status: 503 })
  clock.advance(15_000)
  await refused
  const source = stalledAfter(Buffer.from('kites'))
  const taken = share.take(10, source)
  assert.equal(await isDone(taken), false)
  source.destroy()
  await once(source, 'close')
  await taken
  assert.equal(budget.held, 160)
})

test('one sender has a quarter, whatever it sends at once, and one of its own goes on over that', async () => {
  const budget = new Budget({ most: 100, clock: manualClock() })
  const of = (sender: string): Share => budget.share(20, sentBy(Readable.from([]), sender))
  using other = of('other')
  await other.take(5)
  using one = of('one')
  using second = of('one')
  await one.take(15)
  await second.take(10)
  await one.take(5)
  const waiting = second.take(5)
  assert.deepEqual([await isDone(waiting), budget.held], [false, 35])
  using third = of('third')
  await third.take(20)
  one[Symbol.dispose]()
  await waiting
  assert.deepEqual([second.held, budget.held], [15, 40])
})

test('a sender has half while it is alone, and the others have theirs although it keeps that', async () => {
  const budget = new Budget({ most: 100, clock: manualClock() })
  using one = budget.share(20, sentBy(Readable.from([]), 'one'))
  await one.take(50)
  const more = one.take(10)
  assert.equal(await isDone(more), false)
  for (const sender of ['second', 'third']) {
    const other = budget.share(20, sentBy(Readable.from([]), sender))
    await other.take(20)
  }
  assert.deepEqual([await isDone(more), budget.held], [false, 90])
  one.give(40)
  await more
  assert.equal(one.held, 20)
})

async function isDone(promise: Promise<void> | undefined): Promise<boolean> {
  let done = false
  promise?.then(
    () => {
      done = true
    },
    () => {},
  )
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  return done
}
