import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClub } from './club.fixture.ts'

const refused = { code: 'TAPRI_DATA_TRANSACTION', status: 500 }

test('a transaction takes an isolation, a number of retries and a signal, of callers and of the system', async () => {
  await using club = await openClub()
  const { system, ann, as } = club
  const options = { isolation: 'read committed', retries: 10, signal: new AbortController().signal } as const
  const make = { title: 'a', author: ann.id }
  await system.transaction((db) => db.videos.create(make), options)
  await as(ann).transaction((db) => db.videos.create(make), { isolation: 'serializable', retries: 0 })
  await as(ann)
    .asSystem('test')
    .transaction((db) => db.videos.create(make), {})
  assert.equal(await system.videos.count(), 3)
})

test('what it cannot be asked is refused with the value', async () => {
  await using club = await openClub()
  const { system } = club
  const wrong: readonly [any, RegExp][] = [
    [{ isolation: 'snapshot' }, /its isolation is "snapshot", it must be "serializable" or "read committed"/],
    [{ retries: 11 }, /its retries are 11, they must be a whole number from 0 to 10/],
    [{ retries: -1 }, /retries are -1/],
    [{ retries: 1.5 }, /retries are 1.5/],
    [{ signal: 'now' }, /its signal is "now"/],
    [{ timeout: 5 }, /it has no option "timeout"/],
    [5, /its options are 5/],
    [null, /its options are null/],
  ]
  for (const [options, message] of wrong) {
    const run = () => assert.fail('it must not run')
    await assert.rejects(system.transaction(run, options), (error: any) => {
      assert.match(error.message, message)
      assert.equal(error.code, refused.code)
      return true
    })
  }
})

test('a transaction inside of another one takes none: it goes on as the outer one began', async () => {
  await using club = await openClub()
  await club.system.transaction(async (db) => {
    await assert.rejects(
      db.transaction(async () => {}, { retries: 1 }),
      refused,
    )
    await db.transaction(async () => {})
  })
})
