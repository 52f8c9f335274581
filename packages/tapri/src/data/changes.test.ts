import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openClub } from './club.fixture.ts'
import type { Change, Commit } from './index.ts'

test('listeners hear of each commit in order, with the rows as they were and as they are', async () => {
  await using club = await openClub()
  const { system, ann, database } = club
  const heard: Commit[] = []
  const stop = database.changes.subscribe((commit) => heard.push(commit))
  const video = await system.videos.create({ title: 'a', author: ann.id })
  const after = await system.videos.update(video.id, { published: true })
  await system.videos.update(video.id, { published: true })
  await system.videos.delete(video.id)
  stop()
  await system.videos.create({ title: 'unheard', author: ann.id })

  const first = heard[0]?.position ?? 0
  assert.deepEqual(
    heard.map(({ position }) => position - first),
    [0, 1, 2],
  )
  const change = { model: 'videos', id: video.id }
  assert.deepEqual(
    heard.map(({ changes }) => changes),
    [
      [{ ...change, before: null, after: video }],
      [{ ...change, before: video, after }],
      [{ ...change, before: after, after: null }],
    ],
  )
  assert.deepEqual(await database.changes.since(first - 1, 3), heard)
})

test('what a cascade takes along is in the log', async () => {
  await using club = await openClub()
  const { system, ann, bob, database } = club
  const video = await system.videos.create({ title: 'a', author: ann.id, reviewer: bob.id })
  const comment = await system.comments.create({ text: 'x', video: video.id, author: bob.id })
  await system.comments.create({ text: 'y', video: video.id, author: ann.id, parent: comment.id })
  const position = database.changes.position()
  await system.users.delete(bob.id)
  const [commit] = await database.changes.since(position, 1)
  const kinds = commit?.changes.map(({ model, after }) => `${model} ${after === null ? 'gone' : 'changed'}`)
  assert.deepEqual(kinds, ['videos changed', 'comments gone', 'comments gone', 'users gone'])
})

test('a listener that fails harms neither the write nor the next listener', async () => {
  await using club = await openClub()
  let heard = 0
  club.database.changes.subscribe(() => {
    throw new Error('no')
  })
  club.database.changes.subscribe(() => heard++)
  await club.system.secrets.create({ text: 'x' })
  assert.deepEqual([heard, await club.system.secrets.count()], [1, 1])
})

test('a listener inside of the transaction writes in the same commit and is not told of that', async () => {
  await using club = await openClub()
  const { system, database } = club
  const told: (readonly Change[])[] = []
  database.duringTransaction(async (changes, db) => {
    told.push(changes)
    await db.secrets?.create({ text: `${changes.length} changes` } as any)
  })
  const commits: Commit[] = []
  database.changes.subscribe((commit) => commits.push(commit))
  await system.transaction(async (db) => {
    await db.users.create({ name: 'cid', email: 'cid@club.test' })
    await db.users.create({ name: 'dan', email: 'dan@club.test' })
  })
  assert.deepEqual(
    told.map((changes) => changes.map(({ model }) => model)),
    [['users', 'users']],
  )
  assert.deepEqual(
    commits.map(({ changes }) => changes.map(({ model }) => model)),
    [['users', 'users', 'secrets']],
  )
  assert.equal((await system.secrets.first())?.text, '2 changes')

  database.duringTransaction(async () => {
    throw new Error('refused')
  })
  await assert.rejects(system.users.create({ name: 'eve', email: 'eve@club.test' }), /refused/)
  assert.deepEqual([await system.users.count(), await system.secrets.count(), commits.length], [4, 1, 1])
})

test('the log is forgotten in time, and says so rather than leave something out', async () => {
  await using club = await openClub()
  const { system, clock, database } = club
  const secret = await system.secrets.create({ text: '0' })
  clock.advance(25 * 3_600_000)
  for (let number = 1; number <= 600; number++) await system.secrets.update(secret.id, { text: String(number) })
  const last = database.changes.position()
  await assert.rejects(database.changes.since(0, 10), { code: 'TAPRI_DATA_CHANGES_GONE', status: 410 })
  await assert.rejects(database.changes.since(last + 1, 10), { code: 'TAPRI_DATA_CHANGES_GONE' })
  assert.deepEqual(await database.changes.since(last, 10), [])
  assert.equal((await database.changes.since(last - 500, 1000)).length, 500)
})

test('positions, epoch and cursors outlive a restart; another database has another epoch', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const url = `sqlite:${folder}/app.db?synchronous=off`
  try {
    const before = await openClub({ url })
    await before.system.secrets.create({ text: 'a' })
    await before.system.secrets.create({ text: 'b' })
    const { epoch } = before.database.changes
    const position = before.database.changes.position()
    const { next } = await before.system.secrets.page({ limit: 1 })
    await before.database.close()

    await using club = await openClub({ url })
    assert.deepEqual([club.database.changes.epoch, club.database.changes.position()], [epoch, position])
    assert.deepEqual(
      (await club.system.secrets.page({ after: next ?? '' })).rows.map(({ text }) => text),
      ['b'],
    )
    await using other = await openClub()
    assert.notEqual(other.database.changes.epoch, epoch)
    await assert.rejects(other.system.secrets.page({ after: next ?? '' }), { code: 'TAPRI_DATA_CURSOR' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
