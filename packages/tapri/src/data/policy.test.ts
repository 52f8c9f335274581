import assert from 'node:assert/strict'
import { test } from 'node:test'
import { models, openClub, policy } from './club.fixture.ts'
import { openDatabase } from './index.ts'

test('a caller reads the rows that the policy opens, in finds, counts, pages and by id', async () => {
  await using club = await openClub()
  const { ann, bob, system } = club
  const mine = await system.videos.create({ title: 'Draft', author: ann.id })
  const open = await system.videos.create({ title: 'Open', published: true, author: ann.id })

  assert.deepEqual(
    (await club.as(ann).videos.find()).map(({ title }) => title),
    ['Draft', 'Open'],
  )
  for (const caller of [bob, null]) {
    const { videos } = club.as(caller)
    assert.deepEqual(
      (await videos.find()).map(({ title }) => title),
      ['Open'],
    )
    assert.deepEqual(
      (await videos.page()).rows.map(({ title }) => title),
      ['Open'],
    )
    assert.equal(await videos.count(), 1)
    assert.equal(await videos.count({ where: { not: { title: 'Open' } } }), 0)
    assert.equal(await videos.first({ where: { title: 'Draft' } }), null)
    assert.equal((await videos.get(open.id)).title, 'Open')
    await assert.rejects(videos.get(mine.id), { code: 'TAPRI_NOT_FOUND', status: 404 })
  }
})

test('a model without a policy is nobody’s, but for asSystem', async () => {
  await using club = await openClub()
  const secret = await club.system.secrets.create({ text: 'x' })
  const { secrets } = club.as(club.ann)
  assert.deepEqual(await secrets.find(), [])
  assert.equal(await secrets.count(), 0)
  await assert.rejects(secrets.get(secret.id), { code: 'TAPRI_NOT_FOUND' })
  await assert.rejects(secrets.create({ text: 'y' }), { code: 'TAPRI_DENIED', status: 403 })
  await assert.rejects(secrets.update(secret.id, { text: 'y' }), { code: 'TAPRI_NOT_FOUND' })
  await assert.rejects(secrets.delete(secret.id), { code: 'TAPRI_NOT_FOUND' })
  assert.equal((await club.as(club.ann).asSystem('test').secrets.get(secret.id)).text, 'x')
})

test('create is checked on the row as it would be, and leaves nothing when it is refused', async () => {
  await using club = await openClub()
  const { ann, bob, system } = club
  await assert.rejects(club.as(null).videos.create({ title: 'X', author: ann.id }), { code: 'TAPRI_DENIED' })
  await assert.rejects(club.as(bob).videos.create({ title: 'X', author: ann.id }), { code: 'TAPRI_DENIED' })
  const draft = await system.videos.create({ title: 'Draft', author: ann.id })
  // this rule asks another row, so the database is asked
  await assert.rejects(club.as(ann).comments.create({ text: 'hi', video: draft.id, author: ann.id }), { code: 'TAPRI_DENIED' })
  assert.equal(await system.comments.count(), 0)
  assert.equal(await system.videos.count(), 1)
  await system.videos.update(draft.id, { published: true })
  assert.equal((await club.as(bob).comments.create({ text: 'hi', video: draft.id, author: bob.id })).text, 'hi')
})

test('update is checked on the row as it was and as it becomes', async () => {
  await using club = await openClub()
  const { ann, bob, system } = club
  const open = await system.videos.create({ title: 'Open', published: true, author: ann.id })
  const draft = await system.videos.create({ title: 'Draft', author: ann.id })
  await assert.rejects(club.as(bob).videos.update(open.id, { title: 'Mine' }), { code: 'TAPRI_DENIED' })
  await assert.rejects(club.as(bob).videos.update(draft.id, { title: 'Mine' }), { code: 'TAPRI_NOT_FOUND' })
  await assert.rejects(club.as(ann).videos.update(open.id, { author: bob.id }), { code: 'TAPRI_DENIED' })
  assert.equal((await system.videos.get(open.id)).author, ann.id)
  assert.equal((await club.as(ann).videos.update(draft.id, { title: 'Better' })).title, 'Better')
})

test('delete needs its own rule', async () => {
  await using club = await openClub()
  const { ann, bob, system } = club
  const open = await system.videos.create({ title: 'Open', published: true, author: ann.id })
  await assert.rejects(club.as(bob).videos.delete(open.id), { code: 'TAPRI_DENIED' })
  await assert.rejects(club.as(ann).users.delete(ann.id), { code: 'TAPRI_DENIED' })
  await club.as(ann).videos.delete(open.id)
  assert.equal(await system.videos.count(), 0)
})

test('private fields are in no row of a caller, and in none of its conditions or orders', async () => {
  await using club = await openClub()
  const { ann, bob, system } = club
  const video = await system.videos.create({ title: 'Open', published: true, author: ann.id, note: 'cut it' })
  assert.equal((await system.videos.get(video.id)).note, 'cut it')
  const { videos, users } = club.as(bob)
  const [loaded] = await videos.find({ with: { author: true } })
  const rows: object[] = [
    await videos.get(video.id),
    loaded ?? {},
    loaded?.author ?? {},
    await users.get(ann.id),
    ...(await users.find()),
  ]
  rows.push(...(await videos.page()).rows, await club.as(ann).users.update(ann.id, { email: 'new@club.test' }))
  rows.push(await club.as(ann).videos.create({ title: 'Y', author: ann.id, note: 'mine' }))
  for (const row of rows) {
    assert.equal('note' in row, false)
    assert.equal('email' in row, false)
  }
  const query: any = { where: { note: 'cut it' } }
  const order: any = { orderBy: '-note' }
  const nested: any = { where: { author: { email: { startsWith: 'a' } } } }
  for (const refused of [videos.find(query), videos.find(order), videos.count(nested), videos.page(order)]) {
    await assert.rejects(refused, { code: 'TAPRI_DATA_QUERY', status: 400 })
  }
})

test('a nested where learns nothing of rows that the caller may not read', async () => {
  await using club = await openClub({
    policies: [
      policy('users', { read: ({ user, rows }) => user !== null && rows({ id: user.id }) }),
      policy('videos', { read: () => true }),
    ],
  })
  const { ann, bob, system } = club
  await system.videos.create({ title: 'X', author: ann.id })
  const asked = { where: { author: { name: 'ann' } } } as const
  assert.equal(await club.as(ann).videos.count(asked), 1)
  assert.equal(await club.as(bob).videos.count(asked), 0)
  assert.equal(await club.as(bob).videos.count({ where: { not: asked.where } }), 1)
})

test('a row is left out when a required relation that was asked for is hidden; an optional one is null', async () => {
  await using club = await openClub({
    policies: [
      policy('users', { read: ({ user, rows }) => user !== null && rows({ id: user.id }) }),
      policy('videos', { read: () => true }),
      policy('comments', { read: () => true }),
    ],
  })
  const { ann, bob, system } = club
  const one = await system.videos.create({ title: 'One', author: ann.id, reviewer: bob.id })
  await system.videos.create({ title: 'Two', author: bob.id, reviewer: ann.id })
  const { videos } = club.as(ann)
  const found = await videos.find({ with: { author: true, reviewer: true } })
  assert.deepEqual(
    found.map(({ title, author, reviewer }) => [title, author.name, reviewer]),
    [['One', 'ann', null]],
  )
  assert.equal((await videos.page({ with: { author: true }, limit: 1 })).next, null)
  await assert.rejects(club.as(bob).videos.get(one.id, { with: { author: true } }), { code: 'TAPRI_NOT_FOUND' })
  assert.equal((await club.as(bob).videos.get(one.id)).author, ann.id)
})

test('hasMany gives only the rows that may be read', async () => {
  await using club = await openClub()
  const { ann, bob, system } = club
  await system.videos.create({ title: 'Draft', author: ann.id })
  await system.videos.create({ title: 'Open', published: true, author: ann.id })
  const seen = async (caller: typeof ann) =>
    (await club.as(caller).users.get(ann.id, { with: { videos: true } })).videos.map((video) => video.title)
  assert.deepEqual(await seen(bob), ['Open'])
  assert.deepEqual(await seen(ann), ['Draft', 'Open'])
})

test('rules that could open rows by mistake are refused', async () => {
  const rules: any[] = [
    ({ rows }: any) => rows({}),
    ({ rows }: any) => rows(),
    ({ rows }: any) => rows({ published: true }, {}),
    ({ rows }: any) => rows({ and: [] }),
    async () => true,
    () => undefined,
    () => ({ '~rows': 'videos' }),
    () => 1,
  ]
  for (const read of rules) {
    await using club = await openClub({ policies: [policy('videos', { read })] })
    await assert.rejects(club.as(null).videos.find(), { code: 'TAPRI_DATA_POLICY', status: 500 })
  }
  await using club = await openClub({ policies: [policy('videos', { read: ({ rows }) => rows({ author: undefined } as any) })] })
  await assert.rejects(club.as(null).videos.find(), { code: 'TAPRI_DATA_QUERY' })
})

test('policies of no model, two of one model and unknown actions are refused when the database opens', async () => {
  const open = (policies: any) => openDatabase({ models, policies, url: 'sqlite::memory:', migrate: 'auto' })
  await assert.rejects(open([{ model: 'films', rules: {} }]), { code: 'TAPRI_DATA_POLICY' })
  await assert.rejects(open([policy('users', {}), policy('users', {})]), { code: 'TAPRI_DATA_POLICY' })
  await assert.rejects(open([{ model: 'users', rules: { write: () => true } }]), { code: 'TAPRI_DATA_POLICY' })
})

test('a db that only reads refuses every write, through asSystem and transactions too', async () => {
  await using club = await openClub()
  const db = club.as(club.ann, { readOnly: true })
  const writes = [
    db.videos.create({ title: 'X', author: club.ann.id }),
    db.users.update(club.ann.id, { name: 'x' }),
    db.users.delete(club.ann.id),
    db.asSystem('test').secrets.create({ text: 'x' }),
    db.transaction(async () => 1),
  ]
  for (const write of writes) await assert.rejects(write, { code: 'TAPRI_DATA_READ_ONLY' })
  assert.equal((await db.users.get(club.ann.id)).name, 'ann')
})
