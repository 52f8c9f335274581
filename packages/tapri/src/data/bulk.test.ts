import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClub, policy } from './club.fixture.ts'
import { add } from './index.ts'

async function openShelf() {
  const club = await openClub()
  const { ann, bob, system } = club
  const rows = [
    { title: 'a', published: true, author: ann.id },
    { title: 'b', author: ann.id },
    { title: 'c', published: true, author: bob.id },
  ]
  const [a, b, c] = await system.videos.createMany(rows)
  assert.ok(a && b && c)
  return { ...club, a, b, c, [Symbol.asyncDispose]: () => club.database.close() }
}

async function logged(shelf: Awaited<ReturnType<typeof openShelf>>, work: () => Promise<unknown>) {
  const position = shelf.database.changes.position()
  await work()
  return (await shelf.database.changes.since(position, 100)).map(({ changes }) =>
    changes.map(({ before, after }) => [before?.title ?? null, after?.title ?? null]),
  )
}

test('many rows are made in one commit, or none of them', async () => {
  await using shelf = await openShelf()
  const { ann, bob } = shelf
  const { videos } = shelf.as(ann)
  const mine = (title: string) => ({ title, author: ann.id })
  const commits = await logged(shelf, async () => {
    const made = await videos.createMany([mine('x'), mine('y')])
    assert.deepEqual(
      made.map(({ title, views }) => [title, views]),
      [
        ['x', 0],
        ['y', 0],
      ],
    )
  })
  assert.deepEqual(commits, [
    [
      [null, 'x'],
      [null, 'y'],
    ],
  ])
  await assert.rejects(videos.createMany([mine('z'), { title: 'q', author: bob.id }]), { code: 'TAPRI_DENIED' })
  await assert.rejects(videos.createMany([mine('z'), { title: '', author: ann.id }]), { code: 'TAPRI_INVALID' })
  const nobody = '00000000-0000-7000-8000-000000000000' as typeof ann.id
  await assert.rejects(videos.createMany([mine('z'), { title: 'q', author: nobody }]), { code: 'TAPRI_DATA_NO_SUCH_ROW' })
  assert.equal(await shelf.system.videos.count({ where: { title: { in: ['z', 'q'] } } }), 0)
  assert.deepEqual(await videos.createMany([]), [])
})

test('updateWhere changes what matches and may be changed, each row from what it was', async () => {
  await using shelf = await openShelf()
  const { ann, system } = shelf
  const { videos } = shelf.as(ann)
  await system.videos.update(shelf.b.id, { views: 10 })
  assert.equal(await videos.updateWhere({}, { views: add(5) }), 2)
  assert.deepEqual(
    (await system.videos.find({ orderBy: 'title' })).map(({ views }) => views),
    [5, 15, 0],
  )
  assert.equal(await videos.updateWhere({ comments: { some: {} } }, { views: 0 }), 0)
  const commits = await logged(shelf, () => videos.updateWhere({ published: true }, { title: 'new' }))
  assert.deepEqual(commits, [[['a', 'new']]])
  assert.equal(await shelf.as(null).videos.updateWhere({}, { title: 'mine' }), 0)
})

test('updateWhere changes nothing when one row would become what its changer may not have', async () => {
  await using shelf = await openShelf()
  const { ann, bob, system } = shelf
  await assert.rejects(shelf.as(ann).videos.updateWhere({}, { author: bob.id }), { code: 'TAPRI_DENIED' })
  await assert.rejects(shelf.as(ann).videos.updateWhere({}, { title: '' }), { code: 'TAPRI_INVALID' })
  await assert.rejects(system.videos.updateWhere({}, { views: add(-1) }), { code: 'TAPRI_INVALID' })
  assert.equal(await system.videos.count({ where: { author: ann.id, views: 0 } }), 2)
  const missing: any = undefined
  await assert.rejects(system.videos.updateWhere(missing, { views: 1 }), { code: 'TAPRI_DATA_QUERY' })
  await assert.rejects(shelf.as(ann, { readOnly: true }).videos.updateWhere({}, {}), { code: 'TAPRI_DATA_READ_ONLY' })
})

test('deleteWhere deletes what matches and may be deleted, with what depends on it', async () => {
  await using shelf = await openShelf()
  const { ann, bob, system } = shelf
  const comment = await system.comments.create({ text: '1', video: shelf.a.id, author: bob.id })
  await system.comments.create({ text: '2', video: shelf.a.id, author: bob.id, parent: comment.id })
  const commits = await logged(shelf, async () => assert.equal(await shelf.as(ann).videos.deleteWhere({}), 2))
  assert.deepEqual(commits.length, 1)
  assert.equal(commits[0]?.length, 4)
  assert.deepEqual(
    (await system.videos.find()).map(({ title }) => title),
    ['c'],
  )
  await assert.rejects(system.users.deleteWhere({ name: { in: ['ann', 'bob'] } }), { code: 'TAPRI_DATA_STILL_USED' })
  assert.equal(await system.users.count(), 2)
})

test('a row and the row that goes with it are deleted once', async () => {
  await using shelf = await openShelf()
  const { bob, system, a } = shelf
  const first = await system.comments.create({ text: '1', video: a.id, author: bob.id })
  await system.comments.create({ text: '2', video: a.id, author: bob.id, parent: first.id })
  const position = shelf.database.changes.position()
  assert.equal(await system.comments.deleteWhere({}), 2)
  const [commit] = await shelf.database.changes.since(position, 10)
  assert.equal(commit?.changes.length, 2)
})

test('upsert makes the row or changes the one with the same key', async () => {
  await using club = await openClub()
  const { system, ann } = club
  const made = await system.users.upsert({ name: 'cid', email: 'Cid@club.test' }, { on: ['email'] })
  assert.equal(made.email, 'cid@club.test')
  const changed = await system.users.upsert({ name: 'Cid', email: 'cid@CLUB.test' }, { on: ['email'] })
  assert.deepEqual([changed.id, changed.name], [made.id, 'Cid'])
  const kept = await system.users.upsert({ name: 'x', email: 'cid@club.test' }, { on: ['email'], update: {} })
  assert.equal(kept.name, 'Cid')
  assert.equal(await system.users.count(), 3)
  const video = await system.videos.create({ title: 'V', published: true, author: ann.id })
  const like = { video: video.id, user: ann.id }
  await Promise.all([1, 2, 3].map(() => system.likes.upsert(like, { on: ['user', 'video'] })))
  assert.equal(await system.likes.count(), 1)
})

test('upsert obeys the policies of both ways', async () => {
  await using club = await openClub({
    policies: [
      policy('users', {
        read: ({ user, rows }) => user !== null && rows({ id: user.id }),
        update: ({ user, rows }) => user !== null && rows({ id: user.id }),
      }),
    ],
  })
  const { ann, bob } = club
  const { users } = club.as(ann)
  const row = (name: string) => ({ name, email: `${name}@club.test` })
  await assert.rejects(users.upsert(row('new'), { on: ['email'] }), { code: 'TAPRI_DENIED' })
  // the same as of one that is not there
  await assert.rejects(users.upsert(row('bob'), { on: ['email'] }), { code: 'TAPRI_DENIED' })
  await users.upsert({ ...row('ann'), name: 'Ann' }, { on: ['email'] })
  assert.equal((await club.system.users.get(ann.id)).name, 'Ann')
  for (const on of [[], ['name'], ['email', 'name'], 'email', undefined] as any[]) {
    await assert.rejects(users.upsert(row('bob'), { on }), { code: 'TAPRI_DATA_QUERY' })
  }
  assert.equal((await club.system.users.get(bob.id)).name, 'bob')
})
