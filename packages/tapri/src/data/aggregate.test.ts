import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openCatalog } from './catalog.ts'
import { type Models, openClub } from './club.fixture.ts'
import { scratchDatabase } from './drivers/scratch.ts'
import type { StoredRow } from './evaluate.ts'
import { groupsAmong } from './evaluate-groups.ts'
import { readGrouping } from './figures.ts'
import { bool, float, int, model, openDatabase, optional, ReadSet, text, time } from './index.ts'

async function openShelf() {
  const club = await openClub()
  const { ann, bob, system } = club
  for (const [title, views, rating, author, published] of [
    ['a', 10, 4, ann, true],
    ['b', 20, null, ann, true],
    ['c', 5, 1.5, bob, true],
    ['d', 400, 5, bob, false],
  ] as const) {
    await system.videos.create({ title, views, rating, author: author.id, published })
  }
  return { ...club, [Symbol.asyncDispose]: () => club.database.close() }
}

test('figures are of the rows that match and may be read', async () => {
  await using shelf = await openShelf()
  const { videos } = shelf.as(shelf.ann)
  assert.equal(await videos.sum('views'), 35)
  assert.equal(await shelf.as(shelf.bob).videos.sum('views'), 435)
  assert.equal(await videos.sum('views', { where: { author: shelf.ann.id } }), 30)
  assert.equal(await videos.avg('rating'), 2.75)
  assert.equal(await videos.min('title'), 'a')
  assert.equal(await videos.max('rating'), 4)
  assert.ok((await videos.max('at')) instanceof Date)
})

test('the sum of nothing is 0, every other figure of nothing null', async () => {
  await using shelf = await openShelf()
  const { videos, secrets } = shelf.as(shelf.ann)
  const none = { where: { title: 'none' } }
  assert.deepEqual(
    [await videos.sum('views', none), await videos.avg('views', none), await videos.max('title', none)],
    [0, null, null],
  )
  assert.deepEqual(await videos.groupBy({ by: [], count: true, sum: ['rating'], min: ['views'], ...none }), [
    { count: 0, sum: { rating: 0 }, min: { views: null } },
  ])
  assert.deepEqual(await videos.groupBy({ by: ['author'], count: true, ...none }), [])
  assert.deepEqual(await secrets.groupBy({ by: [], count: true }), [{ count: 0 }])
})

test('groups have their values, their figures, an order and a limit', async () => {
  await using shelf = await openShelf()
  const { ann, bob, system } = shelf
  const groups = await system.videos.groupBy({
    by: ['author'],
    count: true,
    sum: ['views'],
    avg: ['rating'],
    orderBy: '-sum.views',
  })
  const total: number | undefined = groups[0]?.sum.views
  assert.equal(total, 405)
  assert.deepEqual(groups, [
    { author: bob.id, count: 2, sum: { views: 405 }, avg: { rating: 3.25 } },
    { author: ann.id, count: 2, sum: { views: 30 }, avg: { rating: 4 } },
  ])
  const having = { count: { gte: 1 }, sum: { views: { gt: 10 } } } as const
  const query = { by: ['author', 'published'], count: true, having, orderBy: ['count', '-published'], limit: 2 } as const
  assert.deepEqual(await system.videos.groupBy(query), [
    { author: bob.id, published: false, count: 1 },
    { author: ann.id, published: true, count: 2 },
  ])
  // @ts-expect-error: a text has no sum
  await assert.rejects(system.videos.sum('title'), { code: 'TAPRI_DATA_QUERY' })
})

test('a sum beyond what a number holds is refused, not rounded', async () => {
  const models = { boxes: model({ count: int() }) }
  const database = await openDatabase({ models, policies: [], url: 'sqlite::memory:', migrate: 'auto' })
  const { boxes } = database.systemDb<typeof models>()
  await boxes.create({ count: Number.MAX_SAFE_INTEGER })
  assert.equal(await boxes.sum('count'), Number.MAX_SAFE_INTEGER)
  await boxes.create({ count: 1 })
  await assert.rejects(boxes.sum('count'), { code: 'TAPRI_DATA_QUERY' })
  for (let number = 0; number < 1030; number++) await boxes.create({ count: Number.MAX_SAFE_INTEGER })
  await assert.rejects(boxes.sum('count'), { code: 'TAPRI_DATA_QUERY' })
  await database.close()
})

test('an average beyond what a number holds is refused, not infinite', async () => {
  const models = { boxes: model({ weight: float() }) }
  const database = await openDatabase({ models, policies: [], url: 'sqlite::memory:', migrate: 'auto' })
  const { boxes } = database.systemDb<typeof models>()
  await boxes.createMany([{ weight: 1.7e308 }, { weight: 1.7e308 }])
  await assert.rejects(boxes.avg('weight'), { code: 'TAPRI_DATA_QUERY', status: 400 })
  await assert.rejects(boxes.groupBy({ by: [], avg: ['weight'] }), { code: 'TAPRI_DATA_QUERY' })
  await database.close()
})

test('figures tell nothing of private fields, and odd questions are refused', async () => {
  await using shelf = await openShelf()
  const { videos } = shelf.as(shelf.ann)
  const queries: any[] = [
    { by: ['note'] },
    { by: ['nope'] },
    { by: 'author' },
    { by: ['tags'] },
    {},
    { by: [] },
    { by: [], sum: ['title'] },
    { by: [], sum: 'views' },
    { by: [], min: ['published'] },
    { by: [], max: ['note'] },
    { by: ['author'], having: { total: 1 } },
    { by: ['author'], having: { count: 'x' } },
    { by: ['author'], having: { count: { in: [1] } } },
    { by: ['author'], having: { min: { note: 'a' } } },
    { by: ['author'], orderBy: 'title' },
    { by: ['author'], orderBy: 'sum.note' },
    { by: ['author'], orderBy: 'sum' },
    { by: ['author'], limit: 10_001 },
    { by: ['author'], page: 2 },
  ]
  for (const query of queries) {
    await assert.rejects(videos.groupBy(query), { code: 'TAPRI_DATA_QUERY', status: 400 }, JSON.stringify(query))
  }
})

test('a figure is touched by a change of the rows that it is of', async () => {
  await using shelf = await openShelf()
  const { ann, bob, system, database } = shelf
  const reads = new ReadSet()
  await database.asCaller<Models>({ user: null }, { reads }).videos.groupBy({ by: ['author'], sum: ['views'] })
  const touches = async (work: () => Promise<unknown>) => {
    const position = database.changes.position()
    await work()
    return (await database.changes.since(position, 10)).some(({ changes }) => changes.some((each) => reads.touchedBy(each)))
  }
  assert.equal(await touches(() => system.videos.create({ title: 'new', published: true, author: ann.id })), true)
  assert.equal(await touches(() => system.videos.create({ title: 'new', author: bob.id })), false)
})

const kinds = { word: text(), maybe: optional(text()), count: int(), half: optional(float()), open: bool(), at: optional(time()) }
const models = { boxes: model(kinds) }
const row = fc.record({
  word: fc.constantFrom('', 'a', 'A', 'é', '\u{1f3c6}', '\uffff'),
  maybe: fc.constantFrom(null, '', 'x', 'X'),
  count: fc.constantFrom(0, 1, -1, 7, 2 ** 40),
  // halves of small numbers, whose sums no order of adding changes
  half: fc.constantFrom(null, 0, 0.5, -1.5, 1024.25),
  open: fc.boolean(),
  at: fc.constantFrom(null, new Date(0), new Date(1_700_000_000_000)),
})
const figures = ['count', 'sum.count', 'sum.half', 'avg.count', 'avg.half', 'min.word', 'max.maybe', 'min.at', 'max.half']
const grouping: fc.Arbitrary<any> = fc.subarray(Object.keys(kinds), { maxLength: 3 }).chain((by) =>
  fc.record(
    {
      by: fc.constant(by.filter((name) => name !== 'count')),
      count: fc.constant(true as const),
      sum: fc.subarray(['count', 'half']),
      avg: fc.subarray(['count', 'half']),
      min: fc.subarray(['word', 'maybe', 'at', 'half']),
      max: fc.subarray(['word', 'maybe', 'at', 'count']),
      orderBy: fc.array(
        fc.constantFrom(...figures).chain((name) => fc.constantFrom(name, `-${name}`)),
        { maxLength: 3 },
      ),
      having: fc.record(
        {
          count: fc.record({ gte: fc.integer({ min: 0, max: 3 }) }),
          sum: fc.constantFrom({ count: { lt: 5 } }, { half: 0 }),
          avg: fc.constantFrom({ half: null }, { half: { not: null } }, { count: { gt: 0 } }),
          min: fc.constantFrom({ maybe: { not: '' } }, { word: { gte: 'a' } }, { at: { lte: new Date(0) } }),
        },
        { requiredKeys: [] },
      ),
      limit: fc.integer({ min: 1, max: 5 }),
    },
    { requiredKeys: ['by', 'count'] },
  ),
)

test('the database and the evaluator agree on groups, their figures and their order', async () => {
  const catalog = openCatalog(models, {}, Date.now)
  const scratch = await scratchDatabase(process.env.TEST_DATABASE_URL ?? 'sqlite::memory:')
  const database = await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })
  const system = database.systemDb<{ boxes: any }>()
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 8 }),
      fc.array(grouping, { minLength: 4, maxLength: 10 }),
      async (rows, asked) => {
        for (const each of await system.boxes.find()) await system.boxes.delete(each.id)
        const made: StoredRow[] = []
        for (const each of rows) made.push(await system.boxes.create(each))
        const boxes = catalog.get('boxes')
        assert.ok(boxes)
        for (const each of asked) {
          const plan = readGrouping(boxes, each, true)
          const found = (await system.boxes.groupBy(each)).map((group: any) => [
            ...plan.by.map(({ name }) => group[name]),
            ...plan.figures.map((figure) => (figure.kind === 'count' ? group.count : group[figure.kind][figure.column.name])),
          ])
          const plain = found.map((values: unknown[]) => values.map((value) => (value instanceof Date ? value.getTime() : value)))
          assert.deepEqual(plain, groupsAmong(made, plan), JSON.stringify(each))
        }
      },
    ),
    { numRuns: 80 },
  )
  await database.close()
  await scratch.dispose()
})
