import assert from 'node:assert/strict'
import { test } from 'node:test'
import { markReceived } from '../schema/index.ts'
import { openClub } from './club.fixture.ts'
import { add, bool, json, list, model, openDatabase, optional, text, time } from './index.ts'

test('a created row has its defaults, an id that sorts by time, and the clock’s moment', async () => {
  await using club = await openClub()
  const { ann, system, clock } = club
  const one = await system.videos.create({ title: 'One', author: ann.id })
  clock.advance(1000)
  const two = await system.videos.create({ title: 'Two', author: ann.id })
  assert.deepEqual([one.published, one.views, one.rating, one.tags, one.at.getTime()], [false, 0, null, null, clock.now() - 1000])
  assert.ok(one.id < two.id)
  assert.deepEqual(await system.videos.get(one.id), one)
})

test('values that a model does not accept are refused with every field that is wrong', async () => {
  await using club = await openClub()
  const { ann, system } = club
  const video = await system.videos.create({ title: 'One', author: ann.id })
  const bad: any[] = [
    [{ title: '', author: ann.id }, ['title']],
    [{ title: 5, published: 'yes', views: -1 }, ['title', 'published', 'views', 'author']],
    [{ title: 'x', author: ann.id, id: video.id }, ['id']],
    [{ title: 'x', author: ann.id, admin: true }, ['admin']],
    [{ title: 'x', author: ann.id, comments: [] }, ['comments']],
    [{ title: 'x', author: ann.id, poster: { id: 'x', key: '../etc/passwd', name: 'a', type: 'b', size: 1 } }, ['poster']],
    [{ title: 'x', author: 'nobody' }, ['author']],
    [JSON.parse('{"title":"x","__proto__":{"admin":true}}'), ['author', '__proto__']],
    ['x', [undefined]],
    [null, [undefined]],
  ]
  for (const [values, fields] of bad) {
    const error: any = await system.videos.create(values).catch((cause) => cause)
    assert.equal(error.code, 'TAPRI_INVALID', JSON.stringify(values))
    assert.deepEqual(
      error.issues.map((issue: any) => issue.path[0]),
      fields,
    )
  }
  for (const changes of [{ title: null }, { id: 'x' }, { views: 'x' }, { admin: true }, [], 'x'] as any[]) {
    await assert.rejects(system.videos.update(video.id, changes), { code: 'TAPRI_INVALID', status: 422 })
  }
  assert.equal(await system.videos.count(), 1)
})

test('e-mail addresses are one mailbox however they are written', async () => {
  await using club = await openClub()
  const user = await club.system.users.create({ name: 'Cid', email: ' Cid@Club.TEST ' })
  assert.equal(user.email, 'cid@club.test')
  await assert.rejects(club.system.users.create({ name: 'Cid', email: 'CID@club.test' }), {
    code: 'TAPRI_DATA_NOT_UNIQUE',
    status: 409,
    message: /email/,
    issues: [{ path: ['email'], message: 'is taken' }],
  })
  await assert.rejects(club.system.users.update(club.ann.id, { email: 'cid@club.test' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
})

test('fields that are unique together name both when they are taken', async () => {
  await using club = await openClub()
  const { ann, bob, system } = club
  const video = await system.videos.create({ title: 'One', author: ann.id })
  await system.likes.create({ video: video.id, user: ann.id })
  await system.likes.create({ video: video.id, user: bob.id })
  await assert.rejects(system.likes.create({ video: video.id, user: ann.id }), {
    code: 'TAPRI_DATA_NOT_UNIQUE',
    message: /video and user/,
  })
  assert.equal(await system.likes.count(), 2)
})

test('a relation to no row is refused with the field’s name', async () => {
  await using club = await openClub()
  const { ann, system } = club
  const gone: any = '019a9f3e-8c1b-7a53-9d0e-3f1c7b2a4e55'
  const refusal = { code: 'TAPRI_DATA_NO_SUCH_ROW', status: 422, message: /author/ }
  await assert.rejects(system.videos.create({ title: 'x', author: gone }), refusal)
  const video = await system.videos.create({ title: 'x', author: ann.id })
  await assert.rejects(system.videos.update(video.id, { author: gone }), refusal)
  // an id of another model's row is no row of this one
  await assert.rejects(system.videos.update(video.id, { author: video.id as any }), refusal)
})

test('no addition is lost to another', async () => {
  await using club = await openClub()
  const { ann, system } = club
  const { id } = await system.videos.create({ title: 'x', author: ann.id })
  await Promise.all(Array.from({ length: 50 }, () => system.videos.update(id, { views: add(2) })))
  assert.equal((await system.videos.get(id)).views, 100)
  await system.videos.update(id, { views: add(-100) })
  for (const changes of [
    { views: add(-1) },
    { views: add(2_000_000) },
    { views: add(0.5) },
    { rating: add(1) },
    { title: add(1) },
  ] as any[]) {
    await assert.rejects(system.videos.update(id, changes), { code: 'TAPRI_INVALID' }, JSON.stringify(changes))
  }
  assert.equal((await system.videos.get(id)).views, 0)
})

test('a file is stored when it was received, kept when it is written back, and shown without its key', async () => {
  await using club = await openClub({
    showFile: ({ model, row, field }, { id, name, type, size }) => ({
      id,
      name,
      type,
      size,
      url: `/${model}/${row}/${field}?${id}`,
    }),
  })
  const { ann, system, database } = club
  const received: any = markReceived({ id: 'f1', name: 'a.png', type: 'image/png', size: 3, key: 'k1', temporary: true })
  const video = await system.videos.create({ title: 'x', author: ann.id, poster: received })
  const shown = { id: 'f1', name: 'a.png', type: 'image/png', size: 3, url: `/videos/${video.id}/poster?f1` }
  assert.deepEqual(video.poster, shown)
  assert.deepEqual((await club.as(ann).videos.find())[0]?.poster, shown)
  const [commit] = await database.changes.since(database.changes.position() - 1, 1)
  assert.deepEqual(commit?.changes[0]?.after?.poster, { id: 'f1', name: 'a.png', type: 'image/png', size: 3, key: 'k1' })

  const kept = await system.videos.update(video.id, { title: 'y', poster: video.poster })
  assert.deepEqual([kept.title, kept.poster], ['y', shown])
  const other = await system.videos.create({ title: 'z', author: ann.id })
  await assert.rejects(system.videos.update(other.id, { poster: video.poster }), { code: 'TAPRI_INVALID' })
  assert.equal((await system.videos.update(video.id, { poster: null })).poster, null)
})

test('values come back as they went in', async () => {
  const models = {
    things: model({
      data: json(),
      maybe: optional(json()),
      times: list(time()),
      flags: list(bool()),
      name: text({ max: 100_000 }),
    }),
  }
  const database = await openDatabase({ models, policies: [], url: 'sqlite::memory:', migrate: 'auto' })
  const things = database.systemDb<typeof models>().things
  const name = `\u{1f3c6}'"\\\n${'x'.repeat(90_000)}`
  const values = {
    data: { a: [1, null, '~tilde'] },
    maybe: null,
    times: [new Date(0), new Date(8.64e15)],
    flags: [true, false],
    name,
  }
  const made = await things.create(values)
  assert.deepEqual(await things.get(made.id), { id: made.id, ...values })
  const [commit] = await database.changes.since(0, 1)
  assert.deepEqual(commit?.changes[0]?.after, { id: made.id, ...values })
  assert.deepEqual((await things.find({ where: { times: { has: new Date(0) } } })).length, 1)
  const ring: any = {}
  ring.ring = ring
  for (const data of [ring, () => 1, 5n]) await assert.rejects(things.update(made.id, { data }), { code: 'TAPRI_INVALID' })
  await database.close()
})

test('changing a row that was given changes neither the table nor the log', async () => {
  await using club = await openClub()
  const { system, ann, database } = club
  await system.transaction(async (db) => {
    const video: any = await db.videos.create({ title: 'x', tags: ['a'], author: ann.id })
    video.title = 'changed'
    video.tags.push('b')
    video.at.setTime(0)
  })
  const [commit] = await database.changes.since(database.changes.position() - 1, 1)
  const after = commit?.changes[0]?.after
  assert.deepEqual(after, await system.videos.first())
  assert.deepEqual(after?.tags, ['a'])
})

test('deleting cascades, forgets or refuses, and a row that goes too holds nothing back', async () => {
  await using club = await openClub()
  const { ann, bob, system } = club
  const video = await system.videos.create({ title: 'x', author: ann.id, reviewer: bob.id })
  const comment = await system.comments.create({ text: 'a', video: video.id, author: bob.id })
  const reply = await system.comments.create({ text: 'b', video: video.id, author: ann.id, parent: comment.id })
  await system.comments.update(comment.id, { parent: reply.id })
  await system.likes.create({ video: video.id, user: bob.id })

  await assert.rejects(system.users.delete(ann.id), {
    code: 'TAPRI_DATA_STILL_USED',
    status: 409,
    message: /author.*1 row of videos/,
  })
  assert.equal(await system.comments.count(), 2)
  await system.users.delete(bob.id)
  assert.equal((await system.videos.get(video.id)).reviewer, null)
  assert.deepEqual([await system.comments.count(), await system.likes.count()], [0, 0])
  await system.videos.delete(video.id)
  await system.users.delete(ann.id)
  await assert.rejects(system.users.delete(ann.id), { code: 'TAPRI_NOT_FOUND' })
})
