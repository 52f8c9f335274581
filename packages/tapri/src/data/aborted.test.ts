import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Club, openClub } from './club.fixture.ts'

const aborted = { code: 'TAPRI_DATA_ABORTED', status: 499 }

/** A caller who can leave. */
function caller({ database, ann }: Club) {
  const abort = new AbortController()
  const db = database.asCaller<typeof import('./club.fixture.ts').models>({ user: ann }, { signal: abort.signal })
  return { db, leave: () => abort.abort(new Error('The caller has left')) }
}

test('nothing more is read or written for a caller who has left, and the reason is told', async () => {
  await using club = await openClub()
  const { system, ann } = club
  const { db, leave } = caller(club)
  const { id } = await db.videos.create({ title: 'a', author: ann.id })
  leave()
  await assert.rejects(db.videos.find(), aborted)
  await assert.rejects(db.videos.get(id), /whoever waited for it has stopped \(The caller has left\)/)
  await assert.rejects(db.videos.count(), aborted)
  await assert.rejects(db.videos.create({ title: 'b', author: ann.id }), aborted)
  await assert.rejects(db.videos.delete(id), aborted)
  await assert.rejects(db.asSystem('test').videos.find(), aborted)
  await assert.rejects(
    db.transaction(async () => assert.fail('it must not run')),
    aborted,
  )
  assert.equal(await system.videos.count(), 1)
})

test('a transaction is undone when its caller leaves, and the next one need not wait for its work', async () => {
  await using club = await openClub()
  const { system, ann } = club
  const { db, leave } = caller(club)
  const inside = Promise.withResolvers<typeof db>()
  const stuck = db.transaction(async (within) => {
    await within.videos.create({ title: 'a', author: ann.id })
    inside.resolve(within)
    await new Promise(() => {})
  })
  const within = await inside.promise
  const next = system.videos.create({ title: 'next', author: ann.id })
  const refused = assert.rejects(stuck, aborted)
  leave()
  await refused
  await next
  await assert.rejects(within.videos.create({ title: 'b', author: ann.id }), aborted)
  assert.deepEqual(
    (await system.videos.find()).map(({ title }) => title),
    ['next'],
  )
})

test('a transaction has a signal of its own beside that of its caller', async () => {
  await using club = await openClub()
  const { system, ann } = club
  const { db } = caller(club)
  for (const asked of [db, system]) {
    const abort = new AbortController()
    const undone = asked.transaction(
      async (within) => {
        await within.videos.create({ title: 'a', author: ann.id })
        abort.abort()
        await within.videos.create({ title: 'b', author: ann.id })
      },
      { signal: abort.signal },
    )
    await assert.rejects(undone, aborted)
    await assert.rejects(
      asked.transaction(async () => assert.fail('it must not run'), { signal: abort.signal }),
      aborted,
    )
  }
  assert.equal(await system.videos.count(), 0)
})

test('a write that waits for its turn is not made when its caller leaves', async () => {
  await using club = await openClub()
  const { system, ann } = club
  const { db, leave } = caller(club)
  const goOn = Promise.withResolvers<void>()
  const first = system.transaction(() => goOn.promise)
  const refused = assert.rejects(db.videos.create({ title: 'a', author: ann.id }), aborted)
  await new Promise((resolve) => setImmediate(resolve))
  leave()
  await refused
  goOn.resolve()
  await first
  assert.equal(await system.videos.count(), 0)
})

test('what a commit has promised is done though the caller has left', async () => {
  await using club = await openClub()
  const { system, ann } = club
  const { db, leave } = caller(club)
  await db.transaction(async (within) => {
    await within.videos.create({ title: 'a', author: ann.id })
    within.afterCommit(async () => {
      leave()
      await db.videos.create({ title: 'promised', author: ann.id })
      await db.transaction((after) => after.videos.create({ title: 'and this', author: ann.id }))
    })
  })
  assert.deepEqual(
    (await system.videos.find()).map(({ title }) => title),
    ['a', 'promised', 'and this'],
  )
})
