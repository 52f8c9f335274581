import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClub } from './club.fixture.ts'
import { ReadSet } from './index.ts'
import { selects } from './selects.fixture.ts'

test('each relation costs one more query, whatever the number of rows', async () => {
  await using club = await openClub()
  const { ann, bob, system } = club
  for (let number = 0; number < 20; number++) {
    const video = await system.videos.create({
      title: `V${number}`,
      published: true,
      author: ann.id,
      reviewer: number % 2 ? bob.id : null,
    })
    await system.comments.create({ text: 'a', video: video.id, author: bob.id })
  }
  const { videos } = club.as(bob)
  assert.equal(await selects(() => videos.find()), 1)
  assert.equal(await selects(() => videos.find({ with: { author: true, reviewer: true, comments: true } })), 4)
  const found = await videos.find({ with: { author: true, reviewer: true, comments: true }, limit: 3 })
  assert.deepEqual(
    found.map((row) => [row.author.name, row.reviewer?.name, row.comments.length]),
    [
      ['ann', undefined, 1],
      ['ann', 'bob', 1],
      ['ann', undefined, 1],
    ],
  )
})

test('orders, limits and pages do as they say, and the id decides among equals', async () => {
  await using club = await openClub()
  const { ann, system } = club
  for (const [title, rating] of [
    ['b', 2],
    ['a', null],
    ['c', 2],
    ['B', 1],
  ] as const) {
    await system.videos.create({ title, rating, published: true, author: ann.id })
  }
  const titles = async (query: any) => (await club.as(ann).videos.find(query)).map(({ title }) => title).join('')
  assert.equal(await titles(undefined), 'bacB')
  assert.equal(await titles({ orderBy: 'title' }), 'Babc')
  assert.equal(await titles({ orderBy: 'rating' }), 'aBbc')
  assert.equal(await titles({ orderBy: '-rating' }), 'cbBa')
  assert.equal(await titles({ orderBy: ['rating', '-title'] }), 'aBcb')
  assert.equal(await titles({ orderBy: '-id' }), 'Bcab')
  assert.equal(await titles({ limit: 3 }), 'bac')
  assert.equal(await titles({ limit: 3, page: 2 }), 'B')
  assert.equal(await titles({ limit: 3, page: 3 }), '')
})

test('queries that say nothing sensible are refused, and name what is wrong', async () => {
  await using club = await openClub()
  const { videos } = club.as(club.ann)
  const queries: any[] = [
    { where: { titel: 'x' } },
    { where: { constructor: 'x' } },
    { where: JSON.parse('{"__proto__":{"published":true}}') },
    { where: { title: undefined } },
    { where: { title: 5 } },
    { where: { title: {} } },
    { where: { title: { like: '%' } } },
    { where: { title: { contains: null } } },
    { where: { title: 'a\0b' } },
    { where: { title: '\ud800' } },
    { where: { views: { contains: '1' } } },
    { where: { views: Number.NaN } },
    { where: { views: '1; drop table videos' } },
    { where: { published: { gt: false } } },
    { where: { at: new Date(Number.NaN) } },
    { where: { tags: ['x'] } },
    { where: { title: { has: 'x' } } },
    { where: { poster: { name: 'x' } } },
    { where: { title: { in: 'x' } } },
    { where: { or: {} } },
    { where: { and: [null] } },
    { where: 'title' },
    { where: [] },
    { where: { comments: { text: 'x' } } },
    { where: { author: { nam: 'x' } } },
    { orderBy: 'titel' },
    { orderBy: 'tags' },
    { orderBy: 5 },
    { orderBy: 'title; drop table videos' },
    { limit: 0 },
    { limit: 1.5 },
    { limit: 10_001 },
    { page: -1 },
    { page: 1000 },
    { with: { title: true } },
    { with: { author: 'yes' } },
    { wher: {} },
    'all',
  ]
  for (const query of queries) {
    await assert.rejects(videos.find(query), { code: 'TAPRI_DATA_QUERY', status: 400 }, JSON.stringify(query))
  }
  for (const id of ['', 'x', null, {}, 5, ['a']] as any[]) await assert.rejects(videos.get(id), { code: 'TAPRI_NOT_FOUND' })
})

test('a cursor holds its place while rows come and go', async () => {
  await using club = await openClub()
  const { ann, system } = club
  const make = (title: string, rating: number | null) => system.videos.create({ title, rating, published: true, author: ann.id })
  await make('a', null)
  const second = await make('b', 1)
  await make('c', 1)
  await make('d', 2)
  const { videos } = club.as(ann)
  const first = await videos.page({ orderBy: 'rating', limit: 2 })
  assert.deepEqual(
    first.rows.map(({ title }) => title),
    ['a', 'b'],
  )
  await make('before', 0)
  await make('between', 1)
  await system.videos.delete(second.id)
  const next = await videos.page({ orderBy: 'rating', limit: 2, after: first.next ?? '' })
  assert.deepEqual(
    next.rows.map(({ title }) => title),
    ['c', 'between'],
  )
  const third = await videos.page({ orderBy: 'rating', limit: 2, after: next.next ?? '' })
  assert.deepEqual([third.rows.map(({ title }) => title), third.next], [['d'], null])
})

test('a cursor that was made up, changed, or made for another order or model is refused', async () => {
  await using club = await openClub()
  const { ann, system } = club
  for (const title of ['a', 'b', 'c']) await system.videos.create({ title, published: true, author: ann.id })
  const { videos, users } = club.as(ann)
  const { next } = await videos.page({ orderBy: 'title', limit: 1 })
  assert.ok(next)
  assert.match(next, /^[A-Za-z0-9_-]+$/)
  const changed = `${next.slice(0, -4)}${next.slice(-4) === 'AAAA' ? 'BBBB' : 'AAAA'}`
  const cursors: any[] = [
    '',
    'x',
    '!!!',
    `${next}=`,
    `${next} `,
    changed,
    next.slice(0, 20),
    Buffer.from('["a","b"]').toString('base64url'),
    5,
    {},
  ]
  for (const after of cursors)
    await assert.rejects(videos.page({ orderBy: 'title', after }), { code: 'TAPRI_DATA_CURSOR', status: 400 })
  for (const orderBy of ['-title', 'id', undefined] as const) {
    await assert.rejects(videos.page({ ...(orderBy && { orderBy }), after: next }), { code: 'TAPRI_DATA_CURSOR' })
  }
  await assert.rejects(users.page({ after: next }), { code: 'TAPRI_DATA_CURSOR' })
  assert.equal((await videos.page({ orderBy: 'title', after: next })).rows.length, 2)
})

test('a read set is touched by what may have changed an answer, and by nothing else', async () => {
  await using club = await openClub()
  const { ann, bob, system, database } = club
  const mine = await system.videos.create({ title: 'Mine', published: true, author: ann.id })
  const read = async (work: (db: ReturnType<typeof club.as>) => Promise<unknown>) => {
    const reads = new ReadSet()
    await work(database.asCaller({ user: bob }, { reads })).catch(() => {})
    return reads
  }
  const list = await read((db) => db.videos.find({ where: { title: { startsWith: 'M' } } }))
  const loaded = await read((db) => db.videos.find({ with: { author: true } }))
  const one = await read((db) => db.videos.get(mine.id))
  const comments = await read((db) => db.comments.count())
  const touched = async (work: () => Promise<unknown>) => {
    const position = database.changes.position()
    await work()
    const changes = (await database.changes.since(position, 10)).flatMap((commit) => commit.changes)
    return [list, loaded, one, comments].map((reads) => changes.some((change) => reads.touchedBy(change)))
  }
  assert.deepEqual(list.models, ['videos'])
  assert.deepEqual(await touched(() => system.users.update(ann.id, { name: 'Ann' })), [false, true, false, false])
  assert.deepEqual(await touched(() => system.users.update(bob.id, { name: 'Bob' })), [false, false, false, false])
  assert.deepEqual(await touched(() => system.videos.create({ title: 'M', author: ann.id })), [false, false, false, false])
  const other = await system.videos.create({ title: 'Other', published: true, author: ann.id })
  // whether a comment counts goes by its video, not by the title of that
  assert.deepEqual(await touched(() => system.videos.update(other.id, { title: 'More' })), [true, true, false, false])
  assert.deepEqual(await touched(() => system.videos.update(mine.id, { published: false })), [true, true, true, true])
  assert.deepEqual(await touched(() => system.comments.create({ text: 'x', video: mine.id, author: bob.id })), [
    false,
    false,
    false,
    true,
  ])
})
