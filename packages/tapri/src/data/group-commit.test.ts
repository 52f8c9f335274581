import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Club, openClub } from './club.fixture.ts'
import { add, type Commit } from './index.ts'

async function openFile(): Promise<Club> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const club = await openClub({ url: `sqlite:${folder}/app.db?synchronous=off` })
  return {
    ...club,
    async [Symbol.asyncDispose]() {
      await club.database.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('listeners hear of what shares a COMMIT in the order of the log, each by itself and before its write answers', async () => {
  await using club = await openFile()
  const { system, ann, database } = club
  const heard: Commit[] = []
  database.changes.subscribe((commit) => heard.push(commit))
  const first = database.changes.position() + 1
  const writing = Array.from({ length: 200 }, async (_none, number) => {
    const title = `video ${number}`
    if (number % 17 === 0) {
      await system.transaction(async (db) => {
        await db.videos.create({ title, author: ann.id })
        if (number % 2 === 0) await turn()
      })
    } else if (number % 23 === 0) {
      await assert.rejects(system.users.create({ name: title, email: 'ann@club.test' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
      return
    } else await system.videos.create({ title, author: ann.id })
    assert.ok(heard.some(({ changes }) => changes[0]?.after?.title === title))
  })
  await Promise.all(writing)
  assert.deepEqual(
    heard.map(({ position }) => position),
    Array.from(heard, (_commit, at) => first + at),
  )
  assert.equal(heard.length, await system.videos.count())
  assert.deepEqual(await database.changes.since(first - 1, 1000), heard)
})

test('a write reads what those before it in the same batch have written', async () => {
  await using club = await openFile()
  const { system, ann } = club
  const { id } = await system.videos.create({ title: 'a', author: ann.id })
  const counts = await Promise.all(Array.from({ length: 1000 }, () => system.videos.update(id, { views: add(1) })))
  assert.deepEqual(
    counts.map(({ views }) => views),
    Array.from(counts, (_row, at) => at + 1),
  )
  assert.equal((await system.videos.get(id)).views, 1000)
})

test('who holds the database to themselves finds everybody told of every commit', async () => {
  await using club = await openFile()
  const { system, ann, database } = club
  let heard = database.changes.position()
  database.changes.subscribe(({ position }) => {
    heard = position
  })
  for (let round = 0; round < 20; round++) {
    const writing = Array.from({ length: 1 + (round % 5) }, () => system.videos.create({ title: 'a', author: ann.id }))
    const held = database.exclusive(async () => {
      const [last] = (await database.changes.since(database.changes.position() - 1, 10)).slice(-1)
      return [database.changes.position(), last?.position, await system.videos.count()]
    })
    const after = system.videos.create({ title: 'after', author: ann.id })
    const [position, last, count] = await held
    assert.equal(position, last)
    await Promise.all([...writing, after])
    assert.equal(await system.videos.count(), (count ?? 0) + 1)
    assert.equal(heard, database.changes.position())
  }
})

test('closing waits for the writes that were asked for', async () => {
  await using club = await openFile()
  const { system, ann, database } = club
  const writing = Array.from({ length: 30 }, () => system.videos.create({ title: 'a', author: ann.id }))
  const outcomes = Promise.allSettled(writing)
  await Promise.resolve()
  await database.close()
  const refused = (await outcomes).filter((outcome) => outcome.status === 'rejected')
  for (const { reason } of refused) assert.equal(reason.code, 'TAPRI_DATA_CLOSED')
})
