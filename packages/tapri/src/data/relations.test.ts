import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Models, openClub, policy } from './club.fixture.ts'
import { ReadSet } from './index.ts'

async function openStall() {
  const club = await openClub()
  const { ann, bob, system } = club
  const make = async (title: string, texts: readonly string[], published = true) => {
    const video = await system.videos.create({ title, published, author: ann.id })
    for (const text of texts) await system.comments.create({ text, video: video.id, author: bob.id })
    return video
  }
  const praised = await make('Praised', ['good', 'great'])
  const disputed = await make('Disputed', ['good', 'bad'])
  const silent = await make('Silent', [])
  const draft = await make('Draft', ['good'], false)
  return { ...club, club, praised, disputed, silent, draft, [Symbol.asyncDispose]: () => club.database.close() }
}

test('some, none and every ask the rows of a relation; of no rows every holds', async () => {
  await using stall = await openStall()
  const titles = async (where: any) => (await stall.as(stall.bob).videos.find({ where })).map(({ title }) => title)
  const praise = { text: { startsWith: 'g' } }
  assert.deepEqual(await titles({ comments: { some: praise } }), ['Praised', 'Disputed'])
  assert.deepEqual(await titles({ comments: { none: praise } }), ['Silent'])
  assert.deepEqual(await titles({ comments: { every: praise } }), ['Praised', 'Silent'])
  assert.deepEqual(await titles({ comments: { some: praise, every: praise } }), ['Praised'])
  assert.deepEqual(await titles({ comments: { some: {} } }), ['Praised', 'Disputed'])
  assert.deepEqual(await titles({ comments: { none: {} } }), ['Silent'])
  assert.deepEqual(await titles({ not: { comments: { some: { text: 'bad' } } } }), ['Praised', 'Silent'])
  assert.deepEqual(await titles({ comments: { some: { author: { name: 'bob' }, video: { title: 'Disputed' } } } }), ['Disputed'])
  const users = await stall.as(stall.bob).users.find({ where: { videos: { some: { comments: { some: { text: 'bad' } } } } } })
  assert.deepEqual(
    users.map(({ name }) => name),
    ['ann'],
  )
  assert.equal(await stall.as(stall.bob).videos.count({ where: { comments: { some: { text: 'bad' } } } }), 1)
})

test('a caller learns nothing of related rows that it may not read', async () => {
  await using stall = await openStall()
  const { ann, bob } = stall
  const asked = { videos: { some: { title: 'Draft' } } } as const
  assert.equal(await stall.as(ann).users.count({ where: asked }), 1)
  assert.equal(await stall.as(bob).users.count({ where: asked }), 0)
  // to bob every video of ann is published: the one that is not is not there
  const every = { id: ann.id, videos: { every: { published: true } } } as const
  assert.equal(await stall.as(ann).users.count({ where: every }), 0)
  assert.equal(await stall.as(bob).users.count({ where: every }), 1)
})

test('a relation without a policy has no rows to ask', async () => {
  await using club = await openClub({ policies: [policy('users', { read: () => true })] })
  const { ann, system } = club
  await system.videos.create({ title: 'X', author: ann.id })
  assert.equal(await club.as(ann).users.count({ where: { videos: { some: {} } } }), 0)
  assert.equal(await club.as(ann).users.count({ where: { videos: { none: {} } } }), 2)
})

test('what is no question to a relation is refused', async () => {
  await using stall = await openStall()
  const wheres: any[] = [
    { comments: true },
    { comments: {} },
    { comments: null },
    { comments: { text: 'good' } },
    { comments: { some: undefined } },
    { comments: { some: null } },
    { comments: { some: { txt: 'good' } } },
    { comments: { most: {} } },
    { author: { videos: { some: { note: 'x' } } } },
  ]
  for (const where of wheres) {
    await assert.rejects(stall.as(stall.bob).videos.find({ where }), { code: 'TAPRI_DATA_QUERY' }, JSON.stringify(where))
  }
})

test('a policy may ask the rows of a relation', async () => {
  await using club = await openClub({
    policies: [
      policy('videos', { read: ({ user, rows }) => user !== null && rows({ comments: { some: { author: user.id } } }) }),
    ],
  })
  const { ann, bob, system } = club
  const video = await system.videos.create({ title: 'X', author: ann.id })
  await system.comments.create({ text: 'mine', video: video.id, author: bob.id })
  assert.equal(await club.as(bob).videos.count(), 1)
  assert.equal(await club.as(ann).videos.count(), 0)
  await assert.rejects(club.as(ann).videos.get(video.id), { code: 'TAPRI_NOT_FOUND' })
})

test('a change of a row that was asked touches the read', async () => {
  await using stall = await openStall()
  const { ann, bob, system, database, silent } = stall
  const reads = new ReadSet()
  await database.asCaller<Models>({ user: bob }, { reads }).videos.find({ where: { comments: { none: { text: 'bad' } } } })
  const touches = async (work: () => Promise<unknown>) => {
    const position = database.changes.position()
    await work()
    return (await database.changes.since(position, 10)).some(({ changes }) => changes.some((each) => reads.touchedBy(each)))
  }
  assert.equal(await touches(() => system.comments.create({ text: 'bad', video: silent.id, author: ann.id })), true)
  assert.equal(await touches(() => system.comments.create({ text: 'fine', video: silent.id, author: ann.id })), false)
})
