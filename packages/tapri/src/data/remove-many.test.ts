import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Club, openClub } from './club.fixture.ts'
import { ReadSet } from './index.ts'

type Video = Awaited<ReturnType<Club['system']['videos']['create']>>

/** Works on a file, as apps do, with a video that has very many comments. */
async function withComments(count: number, work: (club: Club, video: Video) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  try {
    await using club = await openClub({ url: `sqlite:${join(folder, 'app.db')}?synchronous=off` })
    const { ann, system } = club
    const video = await system.videos.create({ title: 'a', author: ann.id, reviewer: ann.id })
    const comment = { text: 'x', video: video.id, author: ann.id }
    for (let left = count; left > 0; left -= 10_000) {
      await system.comments.createMany(Array.from({ length: Math.min(left, 10_000) }, () => comment))
    }
    await work(club, video)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** How often others have had their turn while the work went on. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isOver = false
  const turn = () => {
    turns++
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  isOver = true
  return turns
}

test('a model of which very many rows go with a row is told as one of which anything may have changed', () =>
  withComments(10_001, async ({ database, system, ann }, video) => {
    const position = database.changes.position()
    await system.likes.create({ video: video.id, user: ann.id })
    const reads = new ReadSet()
    const db = database.asCaller<typeof import('./club.fixture.ts').models>({ user: ann }, { reads })
    await db.comments.count()
    await system.videos.delete(video.id)
    assert.deepEqual([await system.comments.count(), await system.likes.count(), await system.videos.count()], [0, 0, 0])
    const [, commit] = await database.changes.since(position, 10)
    assert.deepEqual(
      commit?.changes.map(({ model, id, before }) => [model, id !== '', before !== null]),
      [
        ['videos', true, true],
        ['comments', false, false],
        ['likes', true, true],
      ],
    )
    assert.ok(commit?.changes.some((change) => reads.touchedBy(change)))
  }))

test('rows with files are told one by one, however many go: their files go with them', () =>
  withComments(0, async ({ database, system, bob }) => {
    const position = database.changes.position()
    const { id: reviewer } = await system.users.create({ name: 'cid', email: 'cid@club.test' })
    for (let part = 0; part < 2; part++) {
      await system.videos.createMany(Array.from({ length: 6000 }, () => ({ title: 'v', author: bob.id, reviewer })))
    }
    await system.users.delete(reviewer)
    const commit = (await database.changes.since(position, 10)).at(-1)
    assert.equal(
      commit?.changes.filter(({ model, before }) => model === 'videos' && before?.reviewer === reviewer).length,
      12_000,
    )
    assert.equal(await system.videos.count({ where: { reviewer: null } }), 12_000)
  }))

test('others have their turn while very many rows are made, changed or deleted', () =>
  withComments(10_000, async ({ system, ann }, video) => {
    const rows = Array.from({ length: 10_000 }, () => ({ text: 'y', video: video.id, author: ann.id }))
    const counts = [
      await turnsDuring(() => system.comments.createMany(rows)),
      await turnsDuring(() => system.comments.updateWhere({ text: 'y' }, { text: 'z' })),
      await turnsDuring(() => system.comments.deleteWhere({ text: 'z' })),
      await turnsDuring(() => system.videos.delete(video.id)),
    ]
    // each takes many times five milliseconds
    for (const turns of counts) assert.ok(turns > 2, `${counts}`)
    assert.equal(await system.comments.count(), 0)
  }))
