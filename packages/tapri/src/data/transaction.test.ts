import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Club, openClub } from './club.fixture.ts'
import { add } from './index.ts'

/** Every claim of this page holds for a database in memory and for one in a file. */
function onBoth(claim: string, check: (club: Club) => Promise<void>): void {
  test(`${claim} (memory)`, async () => {
    await using club = await openClub()
    await check(club)
  })
  test(`${claim} (file)`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
    try {
      await using club = await openClub({ url: `sqlite:${folder}/app.db?synchronous=off` })
      await check(club)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}

const ended = { code: 'TAPRI_DATA_TRANSACTION' }

onBoth('a transaction that fails leaves no row and no entry in the log', async ({ system, ann, database }) => {
  const position = database.changes.position()
  const failing = system.transaction(async (db) => {
    await db.videos.create({ title: 'a', author: ann.id })
    await db.users.update(ann.id, { name: 'Other' })
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  assert.equal(await system.videos.count(), 0)
  assert.equal((await system.users.get(ann.id)).name, 'ann')
  assert.equal(database.changes.position(), position)
  assert.deepEqual(await database.changes.since(position, 10), [])
})

onBoth('a transaction sees its own writes and nobody else does before it ends', async ({ system, ann, as }) => {
  const inside = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const writing = system.transaction(async (db) => {
    await db.videos.create({ title: 'a', published: true, author: ann.id })
    assert.equal(await db.videos.count(), 1)
    inside.resolve()
    await goOn.promise
    await db.videos.create({ title: 'b', published: true, author: ann.id })
  })
  await inside.promise
  // in memory the reader waits for the end; from a file it reads what was before
  const counts = [
    system.videos.count(),
    as(null).videos.count(),
    as(null)
      .videos.find()
      .then((rows) => rows.length),
  ]
  const early = await Promise.race([Promise.all(counts), new Promise((resolve) => setImmediate(resolve, 'waiting'))])
  goOn.resolve()
  await writing
  const seen = await Promise.all(counts)
  assert.ok(early === 'waiting' ? seen.every((count) => count === 2) : seen.every((count) => count === 0))
  assert.equal(await system.videos.count(), 2)
})

onBoth('other writes wait and never come between', async ({ system, ann, database }) => {
  const order: string[] = []
  const slow = async (name: string) =>
    system.transaction(async (db) => {
      for (let step = 0; step < 3; step++) {
        await db.videos.create({ title: `${name}${step}`, author: ann.id })
        order.push(name)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
  const single = system.videos.create({ title: 'single', author: ann.id }).then(() => order.push('single'))
  await Promise.all([slow('a'), slow('b'), single])
  assert.equal(order.join(''), 'singleaaabbb')
  const commits = await database.changes.since(database.changes.position() - 2, 10)
  assert.deepEqual(
    commits.map(({ changes }) => changes.length),
    [3, 3],
  )
})

onBoth('writes asked for at once inside of a transaction all count', async ({ system, ann }) => {
  const video = await system.videos.create({ title: 'a', author: ann.id })
  await system.transaction(async (db) => {
    await Promise.all(Array.from({ length: 20 }, () => db.videos.update(video.id, { views: add(1) })))
  })
  assert.equal((await system.videos.get(video.id)).views, 20)
})

onBoth('a write that is refused and caught leaves the rest of the transaction', async ({ system, ann, bob, as }) => {
  await as(bob).transaction(async (db) => {
    await db.asSystem('test').videos.create({ title: 'kept', author: ann.id })
    await assert.rejects(db.videos.create({ title: 'refused', author: ann.id }), { code: 'TAPRI_DENIED' })
    await assert.rejects(db.asSystem('test').users.create({ name: 'x', email: 'ann@club.test' }), {
      code: 'TAPRI_DATA_NOT_UNIQUE',
    })
  })
  assert.deepEqual(
    (await system.videos.find()).map(({ title }) => title),
    ['kept'],
  )
})

onBoth(
  'a transaction inside of another joins it: it can fail alone, and falls with the outer one',
  async ({ system, ann, database }) => {
    const make = (title: string) => ({ title, author: ann.id })
    const position = database.changes.position()
    await system.transaction(async (db) => {
      await db.videos.create(make('outer'))
      const failing = db.transaction(async (inner) => {
        await inner.videos.create(make('lost'))
        throw new Error('inner')
      })
      await assert.rejects(failing, /inner/)
      await db.transaction((inner) => inner.videos.create(make('inner')))
    })
    assert.deepEqual(
      (await system.videos.find()).map(({ title }) => title),
      ['outer', 'inner'],
    )
    const [commit, more] = await database.changes.since(position, 10)
    assert.deepEqual([commit?.changes.length, more], [2, undefined])

    const all = system.transaction(async (db) => {
      await db.transaction((inner) => inner.videos.create(make('x')))
      throw new Error('outer')
    })
    await assert.rejects(all, /outer/)
    assert.equal(await system.videos.count(), 2)
  },
)

onBoth('a db that is not the one of the transaction is refused inside of it, rather than waited for', async ({ system, ann }) => {
  await system.transaction(async (db) => {
    await assert.rejects(system.videos.create({ title: 'x', author: ann.id }), ended)
    await assert.rejects(system.videos.find(), ended)
    await assert.rejects(
      system.transaction(async () => 1),
      ended,
    )
    await db.transaction(async () => {
      await assert.rejects(db.videos.count(), ended)
    })
  })
  assert.equal(await system.videos.count(), 0)
})

onBoth('a db is refused after its transaction has ended, and what was not awaited is not half done', async ({ system, ann }) => {
  let kept: typeof system | undefined
  const late: Promise<unknown>[] = []
  await system.transaction(async (db) => {
    kept = db
    late.push(db.videos.create({ title: 'begun', author: ann.id }), db.videos.create({ title: 'late', author: ann.id }))
    for (const each of late) each.catch(() => {})
  })
  const outcomes = await Promise.allSettled(late)
  const made = outcomes.filter(({ status }) => status === 'fulfilled').length
  assert.equal(await system.videos.count(), made)
  assert.ok(kept)
  await assert.rejects(kept.videos.create({ title: 'x', author: ann.id }), ended)
  await assert.rejects(kept.videos.find(), ended)
  await assert.rejects(
    kept.transaction(async () => 1),
    ended,
  )
})

onBoth('a transaction that takes longer than five seconds is undone and gives way', async ({ system, ann, clock }) => {
  const inside = Promise.withResolvers<typeof system>()
  const stuck = system.transaction(async (db) => {
    await db.videos.create({ title: 'x', author: ann.id })
    inside.resolve(db)
    await db.transaction(() => new Promise(() => {}))
  })
  const db = await inside.promise
  const waiting = system.videos.create({ title: 'next', author: ann.id })
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(4999)
  clock.advance(1)
  await assert.rejects(stuck, { code: 'TAPRI_DATA_TIMEOUT', status: 503 })
  assert.equal((await waiting).title, 'next')
  await assert.rejects(db.videos.create({ title: 'y', author: ann.id }), ended)
  assert.deepEqual(
    (await system.videos.find()).map(({ title }) => title),
    ['next'],
  )
})

onBoth('nothing is committed while somebody holds the database to themselves', async ({ system, ann, database }) => {
  const seen: number[] = []
  await database.exclusive(async () => {
    await assert.rejects(system.videos.create({ title: 'x', author: ann.id }), ended)
    seen.push(await system.videos.count())
  })
  const goOn = Promise.withResolvers<void>()
  const held = database.exclusive(async () => {
    await goOn.promise
    seen.push(await system.videos.count(), database.changes.position())
  })
  const writing = system.videos.create({ title: 'x', author: ann.id })
  const position = database.changes.position()
  goOn.resolve()
  await held
  await writing
  assert.deepEqual(seen, [0, 0, position])
  assert.equal(database.changes.position(), position + 1)
})

onBoth('a closed database says so', async ({ system, ann, database }) => {
  await database.close()
  await database.close()
  const closed = { code: 'TAPRI_DATA_CLOSED', status: 503 }
  await assert.rejects(system.videos.find(), closed)
  await assert.rejects(system.videos.get(ann.id as any), closed)
  await assert.rejects(system.videos.create({ title: 'x', author: ann.id }), closed)
  await assert.rejects(
    system.transaction(async () => 1),
    closed,
  )
})
