import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { InFlight } from './in-flight.ts'

test('no more are under way at once than may be', async () => {
  const flights = new InFlight(2, () => {})
  let [now, most] = [0, 0]
  const fly = async () => {
    most = Math.max(most, ++now)
    for (let turn = 0; turn < 5; turn++) await setImmediate()
    now--
  }
  for (let flight = 0; flight < 9; flight++) await flights.add(fly)
  await flights.land()
  assert.deepEqual([now, most], [0, 2])
})

test('what the work threw is answered once all that it began has ended', async () => {
  const flights = new InFlight(2, () => {})
  const [failure, began] = [new Error('no more comes'), Promise.withResolvers<void>()]
  let isThere = false
  const done = flights.during(async () => {
    await flights.add(async () => {
      await began.promise
      isThere = true
    })
    throw failure
  })
  began.resolve()
  assert.deepEqual([await done, isThere], [{ cause: failure }, true])
  assert.equal(await flights.during(async () => {}), undefined)
  const lost = new Error('lost')
  await assert.rejects(
    flights.during(() => flights.add(() => Promise.reject(lost))),
    lost,
  )
})

test('the first failure is heard of at once, ends what would follow, and is thrown at the end', async () => {
  const heard: unknown[] = []
  const flights = new InFlight(2, (cause) => heard.push(cause))
  const failure = new Error('lost')
  await flights.add(() => Promise.reject(failure))
  await setImmediate()
  assert.deepEqual(heard, [failure])
  await assert.rejects(
    flights.add(() => assert.fail('nothing follows')),
    failure,
  )
  await flights.settle()
  await assert.rejects(flights.land(), failure)
  assert.deepEqual(heard, [failure])
})
