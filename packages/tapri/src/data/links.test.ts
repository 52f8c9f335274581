import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { belongsTo, bool, manyToMany, model, openDatabase, type Policy, ReadSet, private as secret, text } from './index.ts'
import { selects } from './selects.fixture.ts'

const models = {
  users: model({
    name: text(),
    stars: manyToMany('users', { through: 'follows', by: 'fan' }),
    fans: manyToMany('users', { through: 'follows', by: 'star' }),
  }),
  follows: model(
    { fan: belongsTo('users', { onDelete: 'cascade' }), star: belongsTo('users', { onDelete: 'cascade' }) },
    { unique: [['fan', 'star']] },
  ),
  videos: model({ title: text(), owner: belongsTo('users'), tags: manyToMany('tags') }),
  tags: model({ name: text({ unique: true }), hidden: bool({ default: false }), videos: manyToMany('videos') }),
}

const mine = ({ user, rows }: any) => user !== null && rows({ owner: user.id })
const policies: readonly Policy[] = [
  { model: 'users', rules: { read: () => true, update: ({ user, rows }: any) => user !== null && rows({ id: user.id }) } },
  { model: 'follows', rules: { read: () => true, create: ({ user, rows }: any) => user !== null && rows({ fan: user.id }) } },
  { model: 'videos', rules: { read: () => true, create: mine, update: mine } },
  { model: 'tags', rules: { read: ({ rows }: any) => rows({ hidden: false }) } },
]

async function openStall() {
  const database = await openDatabase({ models, policies, url: 'sqlite::memory:', migrate: 'auto', clock: manualClock() })
  const system = database.systemDb<typeof models>()
  const ann = await system.users.create({ name: 'ann' })
  const bob = await system.users.create({ name: 'bob' })
  const [tea, kit, secret] = [
    await system.tags.create({ name: 'tea' }),
    await system.tags.create({ name: 'kit' }),
    await system.tags.create({ name: 'secret', hidden: true }),
  ]
  return {
    database,
    system,
    ann,
    bob,
    tea,
    kit,
    secret,
    as: (user: typeof ann, reads?: ReadSet) => database.asCaller<typeof models>({ user }, reads && { reads }),
    [Symbol.asyncDispose]: () => database.close(),
  }
}

const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name)

test('rows are linked when they are made and changed, and both sides tell', async () => {
  await using stall = await openStall()
  const { ann, tea, kit, system } = stall
  const { videos, tags } = stall.as(ann)
  const tagged = async (id: typeof one.id) => names((await videos.get(id, { with: { tags: true } })).tags)
  const one = await videos.create({ title: 'One', owner: ann.id, tags: { add: [tea.id, tea.id] } })
  assert.deepEqual(await tagged(one.id), ['tea'])
  await videos.update(one.id, { tags: { add: [kit.id, tea.id] } })
  assert.deepEqual(await tagged(one.id), ['tea', 'kit'])
  await videos.update(one.id, { title: 'Uno', tags: { remove: [tea.id] } })
  assert.deepEqual(await tagged(one.id), ['kit'])
  await videos.update(one.id, { tags: { set: [tea.id] } })
  assert.deepEqual(await tagged(one.id), ['tea'])
  const [found] = await tags.find({ with: { videos: { select: { title: true } } } })
  assert.deepEqual(found?.videos, [{ id: one.id, title: 'Uno' }])
  await system.tags.delete(tea.id)
  assert.deepEqual(await tagged(one.id), [])
})

test('linked rows are filtered, ordered and limited for each row, in two queries', async () => {
  await using stall = await openStall()
  const { ann, tea, kit, secret, system } = stall
  for (const title of ['a', 'b', 'c']) {
    await system.videos.create({ title, owner: ann.id, tags: { set: title === 'c' ? [tea.id] : [tea.id, kit.id, secret.id] } })
  }
  const { videos } = stall.as(ann)
  const loaded = async (tags: any) => (await videos.find({ with: { tags } })).map((row: any) => names(row.tags).join(' '))
  assert.deepEqual(await loaded(true), ['tea kit', 'tea kit', 'tea'])
  assert.deepEqual(await loaded({ orderBy: 'name', limit: 1 }), ['kit', 'kit', 'tea'])
  assert.deepEqual(await loaded({ where: { name: { startsWith: 't' } } }), ['tea', 'tea', 'tea'])
  assert.equal(await selects(() => videos.find({ with: { tags: { limit: 1 } } })), 3)
})

test('some, none and every ask linked rows, as far as they may be read', async () => {
  await using stall = await openStall()
  const { ann, tea, kit, secret, system } = stall
  await system.videos.create({ title: 'both', owner: ann.id, tags: { set: [tea.id, kit.id] } })
  await system.videos.create({ title: 'tea', owner: ann.id, tags: { set: [tea.id, secret.id] } })
  await system.videos.create({ title: 'none', owner: ann.id })
  const titles = async (where: any, db: any = stall.as(ann)) =>
    (await db.videos.find({ where })).map(({ title }: { title: string }) => title).join(' ')
  assert.equal(await titles({ tags: { some: { name: 'tea' } } }), 'both tea')
  assert.equal(await titles({ tags: { every: { name: 'tea' } } }), 'tea none')
  assert.equal(await titles({ tags: { every: { name: 'tea' } } }, system), 'none')
  assert.equal(await titles({ tags: { none: {} } }), 'none')
  assert.equal(await titles({ tags: { some: { name: 'secret' } } }), '')
  assert.equal(await titles({ tags: { some: { name: 'secret' } } }, system), 'tea')
  const fans = { where: { fans: { some: { name: 'ann' } } } } as const
  await stall.as(ann).users.update(ann.id, { stars: { add: [stall.bob.id] } })
  assert.deepEqual(names(await stall.as(ann).users.find(fans)), ['bob'])
})

test('linking needs the right to change the row, and rows that may be read', async () => {
  await using stall = await openStall()
  const { ann, bob, tea, secret, system } = stall
  const one = await system.videos.create({ title: 'One', owner: ann.id, tags: { set: [secret.id] } })
  await assert.rejects(stall.as(bob).videos.update(one.id, { tags: { add: [tea.id] } }), { code: 'TAPRI_DENIED' })
  const { videos } = stall.as(ann)
  await assert.rejects(videos.update(one.id, { tags: { add: [secret.id] } }), { code: 'TAPRI_DATA_NO_SUCH_ROW', status: 422 })
  await videos.update(one.id, { tags: { set: [tea.id] } })
  // what ann cannot see she does not take away
  assert.deepEqual(names((await system.videos.get(one.id, { with: { tags: true } })).tags), ['tea', 'secret'])
  for (const tags of [{}, { add: 'x' }, { add: [tea.id], set: [] }, { drop: [] }, [tea.id], null] as any[]) {
    await assert.rejects(videos.update(one.id, { tags }), { code: 'TAPRI_INVALID' })
  }
})

test('a model of the pairs has its own policy', async () => {
  await using stall = await openStall()
  const { ann, bob } = stall
  const { users } = stall.as(ann)
  await users.update(ann.id, { stars: { add: [bob.id] } })
  assert.deepEqual(names((await users.get(bob.id, { with: { fans: true } })).fans), ['ann'])
  await assert.rejects(users.update(ann.id, { stars: { remove: [bob.id] } }), { code: 'TAPRI_DENIED' })
  await assert.rejects(users.update(ann.id, { fans: { add: [bob.id] } }), { code: 'TAPRI_DENIED' })
})

test('links are in the change log, and touch reads that loaded them', async () => {
  await using stall = await openStall()
  const { ann, tea, kit, system, database } = stall
  const one = await system.videos.create({ title: 'One', owner: ann.id })
  const reads = new ReadSet()
  await stall.as(ann, reads).videos.get(one.id, { with: { tags: true } })
  const position = database.changes.position()
  await stall.as(ann).videos.update(one.id, { tags: { add: [tea.id, kit.id] } })
  const [commit] = await database.changes.since(position, 10)
  assert.deepEqual(
    commit?.changes.map(({ model, before, after }) => [model, before, after?.tags]),
    [
      ['tags_videos', null, tea.id],
      ['tags_videos', null, kit.id],
    ],
  )
  assert.ok(commit?.changes.every((change) => reads.touchedBy(change)))
})

test('relations to many that cannot hold are refused when the database opens', async () => {
  const open = (shapes: any) => openDatabase({ models: shapes, policies: [], url: 'sqlite::memory:', migrate: 'auto' })
  const tags = model({ name: text() })
  const videos = model({ tags: manyToMany('tags') })
  const cases: any[] = [
    { videos: model({ tags: manyToMany('labels') }) },
    { users: model({ friends: manyToMany('users') }) },
    { videos: model({ tags: manyToMany('tags'), marks: manyToMany('tags') }), tags },
    { videos, tags, tags_videos: model({ video: belongsTo('videos') }) },
    { videos: model({ tags: manyToMany('tags', { through: 'pairs' }) }), tags, pairs: model({ video: belongsTo('videos') }) },
    {
      users: model({ stars: manyToMany('users', { through: 'pairs' }) }),
      pairs: model({ a: belongsTo('users'), b: belongsTo('users') }),
    },
  ]
  for (const shapes of cases) await assert.rejects(open(shapes), { code: 'TAPRI_DATA_MODEL' })
})

test('pairs whose fields are private tell callers nothing', async () => {
  const shapes = {
    users: model({ name: text(), crushes: manyToMany('users', { through: 'crushes', by: 'who' }) }),
    crushes: model({ who: secret(belongsTo('users')), on: belongsTo('users') }),
  }
  const open = [
    { model: 'users', rules: { read: () => true } },
    { model: 'crushes', rules: { read: () => true } },
  ]
  const database = await openDatabase({ models: shapes, policies: open, url: 'sqlite::memory:', migrate: 'auto' })
  const { users } = database.asCaller<typeof shapes>({ user: null })
  await assert.rejects(users.find({ where: { crushes: { some: {} } } }), { code: 'TAPRI_DATA_QUERY' })
  await assert.rejects(users.find({ with: { crushes: true } }), { code: 'TAPRI_DATA_QUERY' })
  assert.deepEqual(await database.systemDb<typeof shapes>().users.find({ with: { crushes: true } }), [])
  await database.close()
})

test('of more links than one write may name each can be removed, added again and replaced', async () => {
  await using stall = await openStall()
  const { ann, system, tea } = stall
  const video = await system.videos.create({ title: 'One', owner: ann.id })
  const made = []
  for (let at = 0; at < 10_500; at += 5250) {
    const rows = await system.tags.createMany(Array.from({ length: 5250 }, (_, index) => ({ name: `${at + index}` })))
    await system.videos.update(video.id, { tags: { add: rows.map(({ id }) => id) } })
    made.push(...rows)
  }
  const last = made.slice(-1).map(({ id }) => id)
  const linked = () => system.tags.count({ where: { videos: { some: {} } } })
  await system.videos.update(video.id, { tags: { add: last } })
  assert.equal(await linked(), 10_500)
  await system.videos.update(video.id, { tags: { remove: last } })
  assert.equal(await linked(), 10_499)
  await system.videos.update(video.id, { tags: { set: [tea.id] } })
  assert.equal(await linked(), 1)
})
