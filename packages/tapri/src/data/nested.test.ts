import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Models, openClub, policy } from './club.fixture.ts'
import { ReadSet } from './index.ts'
import { selects } from './selects.fixture.ts'

async function openTalk() {
  const club = await openClub()
  const { ann, bob, system } = club
  for (const title of ['a', 'b', 'c']) {
    const video = await system.videos.create({ title, published: true, author: ann.id })
    for (const text of title === 'c' ? [] : ['1', '2', '3']) {
      const comment = await system.comments.create({ text: title + text, video: video.id, author: bob.id })
      await system.comments.create({ text: `re ${title}${text}`, video: video.id, author: ann.id, parent: comment.id })
    }
  }
  return { ...club, [Symbol.asyncDispose]: () => club.database.close() }
}

test('relations of relations are loaded, each level in one query', async () => {
  await using talk = await openTalk()
  const { videos } = talk.as(talk.bob)
  const query = {
    with: { author: true, comments: { where: { parent: null }, with: { author: { select: { name: true } } } } },
  } as const
  const [first] = await videos.find(query)
  assert.equal(first?.author.name, 'ann')
  assert.deepEqual(
    first?.comments.map((comment) => [comment.text, comment.author.name, Object.keys(comment.author)]),
    ['a1', 'a2', 'a3'].map((text) => [text, 'bob', ['id', 'name']]),
  )
  assert.equal(await selects(() => videos.find(query)), 4)
})

test('where, order and limit hold for the rows of each row', async () => {
  await using talk = await openTalk()
  const { videos } = talk.as(talk.bob)
  const found = await videos.find({
    with: { comments: { where: { parent: null }, orderBy: '-text', limit: 2, select: { text: true } } },
    select: { title: true },
  })
  assert.deepEqual(
    found.map(({ title, comments }) => [title, comments.map(({ text }) => text)]),
    [
      ['a', ['a3', 'a2']],
      ['b', ['b3', 'b2']],
      ['c', []],
    ],
  )
  assert.deepEqual(Object.keys(found[0] ?? {}).sort(), ['comments', 'id', 'title'])
  assert.deepEqual(Object.keys(found[0]?.comments[0] ?? {}), ['id', 'text'])
})

test('a model may be related to itself', async () => {
  await using talk = await openTalk()
  const { comments } = talk.as(talk.bob)
  const [answer] = await comments.find({ where: { text: 're a1' }, with: { parent: { with: { parent: true, author: true } } } })
  assert.equal(answer?.parent?.text, 'a1')
  assert.equal(answer?.parent?.author.name, 'bob')
  assert.equal(answer?.parent?.parent, null)
})

test('select reads and gives the named fields and the id, in finds, pages and by id', async () => {
  await using talk = await openTalk()
  const { videos } = talk.as(talk.bob)
  const [first] = await videos.find({ select: { title: true }, orderBy: 'views' })
  assert.deepEqual(Object.keys(first ?? {}), ['id', 'title'])
  const page = await videos.page({ select: { views: true }, orderBy: 'title', limit: 2 })
  assert.deepEqual(page.rows.map(Object.keys), [
    ['id', 'views'],
    ['id', 'views'],
  ])
  const rest = await videos.page({ select: { title: true }, orderBy: 'title', limit: 2, after: page.next ?? '' })
  assert.deepEqual(
    rest.rows.map(({ title }) => title),
    ['c'],
  )
  if (first === undefined) return
  assert.deepEqual(await videos.get(first.id, { select: { title: true } }), { id: first.id, title: 'a' })
  assert.deepEqual(await videos.first({ select: { id: true } }), { id: first.id })
  // @ts-expect-error: what was not selected is not in the type
  assert.equal(first.views, undefined)
})

test('policies hold at every level, and a required relation that is hidden takes its row along', async () => {
  await using club = await openClub({
    policies: [
      policy('users', { read: ({ user, rows }) => user !== null && rows({ id: user.id }) }),
      policy('videos', { read: () => true }),
      policy('comments', { read: ({ rows }) => rows({ not: { text: 'hidden' } }) }),
    ],
  })
  const { ann, bob, system } = club
  const video = await system.videos.create({ title: 'V', author: ann.id })
  for (const text of ['seen', 'hidden']) await system.comments.create({ text, video: video.id, author: ann.id })
  await system.comments.create({ text: 'of bob', video: video.id, author: bob.id })
  const { videos, comments } = club.as(ann)
  const texts = async (query: any) => ((await videos.get(video.id, query)) as any).comments.map(({ text }: any) => text)
  assert.deepEqual(await texts({ with: { comments: true } }), ['seen', 'of bob'])
  assert.deepEqual(await texts({ with: { comments: { where: { text: 'hidden' } } } }), [])
  assert.deepEqual(await texts({ with: { comments: { with: { author: true }, limit: 1, orderBy: '-id' } } }), ['seen'])
  const nested = { with: { video: { with: { author: true } } } } as const
  assert.equal((await comments.find(nested)).length, 2)
  assert.equal((await club.as(bob).comments.find(nested)).length, 0)
})

test('a nested query is refused where a query of that model would be', async () => {
  await using talk = await openTalk()
  const { videos } = talk.as(talk.bob)
  const deep = (levels: number): any => (levels === 0 ? true : { with: { parent: deep(levels - 1) } })
  const queries: any[] = [
    { with: { comments: { where: { txt: 'x' } } } },
    { with: { comments: { limit: 0 } } },
    { with: { comments: { limit: 10_001 } } },
    { with: { comments: { page: 2 } } },
    { with: { comments: { orderBy: 'txt' } } },
    { with: { comments: { select: { txt: true } } } },
    { with: { author: { where: { name: 'ann' } } } },
    { with: { author: { select: { email: true } } } },
    { with: { comments: { with: { likes: true } } } },
    { with: { comments: deep(5) } },
    { select: { note: true } },
    { select: { comments: true } },
    { select: ['title'] },
    { select: { title: 'yes' } },
  ]
  for (const query of queries) {
    await assert.rejects(videos.find(query), { code: 'TAPRI_DATA_QUERY', status: 400 }, JSON.stringify(query))
  }
})

test('what was loaded at any level touches the read', async () => {
  await using talk = await openTalk()
  const { ann, bob, system, database } = talk
  const reads = new ReadSet()
  await database.asCaller<Models>({ user: null }, { reads }).videos.find({ with: { comments: { with: { author: true } } } })
  const touches = async (work: () => Promise<unknown>) => {
    const position = database.changes.position()
    await work()
    return (await database.changes.since(position, 10)).some(({ changes }) => changes.some((each) => reads.touchedBy(each)))
  }
  assert.equal(await touches(() => system.users.update(bob.id, { name: 'Bob' })), true)
  assert.equal(await touches(() => system.users.create({ name: 'cid', email: 'cid@club.test' })), false)
  assert.equal(await touches(() => system.secrets.create({ text: ann.id })), false)
})
