import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newId } from '../kit/ids.ts'
import { type Club, type Models, openClub } from './club.fixture.ts'
import { scratchDatabase } from './drivers/scratch.ts'
import { type Change, decimal, model, openDatabase, ReadSet, sql } from './index.ts'
import { servers, sqlServers } from './servers.fixture.ts'

async function open(server: string): Promise<Club> {
  const scratch = await scratchDatabase(server)
  const club = await openClub({ url: scratch.url })
  return {
    ...club,
    async [Symbol.asyncDispose]() {
      await club.database.close()
      await scratch.dispose()
    },
  }
}

for (const { kind, server } of sqlServers) {
  test(`raw reads are typed from the models and see what is committed, on ${kind}`, async () => {
    await using club = await open(server)
    const { ann, system } = club
    await system.videos.create({ title: 'Tea', views: 5, author: ann.id, published: true })
    const rows = await system.raw.read({ reads: ['videos', 'users'] }, ({ kysely }) =>
      kysely
        .selectFrom('videos')
        .innerJoin('users', 'users.id', 'videos.author')
        .select(['videos.title', 'videos.views', 'users.name'])
        .where('videos.views', '>', 4)
        .execute(),
    )
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ title: 'Tea', views: 5, name: 'ann' }],
    )
    const counted = await system.raw.read({ reads: ['videos'] }, async ({ kysely }) => {
      const { rows } = await sql<{ count: number }>`select count(*) as count from videos where title = ${'Tea'}`.execute(kysely)
      return Number(rows[0]?.count)
    })
    assert.equal(counted, 1)
  })

  test(`raw writes are one with the transaction around them, on ${kind}`, async () => {
    await using club = await open(server)
    const { ann, system } = club
    const video = await system.videos.create({ title: 'Tea', author: ann.id })
    const rename = (title: string) =>
      system.raw.write({ touches: ['videos'] }, async ({ kysely }) => {
        const { numUpdatedRows } = await kysely
          .updateTable('videos')
          .set({ title, published: true, at: new Date(0) })
          .executeTakeFirst()
        return Number(numUpdatedRows)
      })
    assert.equal(await rename('One'), 1)
    const { title, published, at } = await system.videos.get(video.id)
    assert.deepEqual([title, published, at], ['One', true, new Date(0)])

    await assert.rejects(
      system.transaction(async (db) => {
        await db.raw.write({ touches: ['videos'] }, ({ kysely }) => kysely.updateTable('videos').set({ title: 'Two' }).execute())
        const seen = await db.raw.read({ reads: ['videos'] }, ({ kysely }) =>
          kysely.selectFrom('videos').select('title').execute(),
        )
        assert.equal(seen[0]?.title, 'Two')
        assert.equal((await db.videos.get(video.id)).title, 'Two')
        // after reading raw, writing goes on
        await db.videos.update(video.id, { title: 'Three' })
        throw new Error('never mind')
      }),
      /never mind/,
    )
    assert.equal((await system.videos.get(video.id)).title, 'One')
    // a raw write that fails leaves nothing either
    await assert.rejects(
      system.raw.write({ touches: ['videos'] }, async ({ kysely }) => {
        await kysely.updateTable('videos').set({ title: 'Four' }).execute()
        throw new Error('never mind')
      }),
      /never mind/,
    )
    assert.equal((await system.videos.get(video.id)).title, 'One')
  })

  test(`a raw write tells that anything may have changed in what it touches, and nothing else, on ${kind}`, async () => {
    await using club = await open(server)
    const { ann, system, database } = club
    await system.videos.create({ title: 'Tea', author: ann.id, published: true })
    const [videos, users] = [new ReadSet(), new ReadSet()]
    await database.asCaller<Models>({ user: ann }, { reads: videos }).videos.find({ where: { title: 'Tea' } })
    await database.asCaller<Models>({ user: ann }, { reads: users }).users.find()
    const changes: Change[] = []
    database.changes.subscribe((commit) => changes.push(...commit.changes))
    await system.raw.write({ touches: ['videos'] }, ({ kysely }) => kysely.updateTable('videos').set({ views: 1 }).execute())
    assert.deepEqual(changes, [{ model: 'videos', id: '', before: null, after: null }])
    assert.deepEqual(
      changes.map((change) => [videos.touchedBy(change), users.touchedBy(change)]),
      [[true, false]],
    )
    const position = database.changes.position()
    assert.deepEqual((await database.changes.since(position - 1, 10))[0]?.changes, changes)
  })

  test(`raw reads cannot write, neither outside of a transaction nor in one, on ${kind}`, async () => {
    await using club = await open(server)
    const { ann, system } = club
    await system.videos.create({ title: 'Tea', author: ann.id })
    const writing = (db: Pick<typeof system, 'raw'>) =>
      db.raw.read({ reads: ['videos'] }, ({ kysely }) => sql`update videos set title = 'Gone'`.execute(kysely))
    await assert.rejects(writing(system))
    await assert.rejects(system.transaction(async (db) => writing(db)))
    await assert.rejects(
      system.raw.read({ reads: [] }, ({ kysely }) => kysely.updateTable('videos').set({ title: 'Gone' }).execute()),
      { code: 'TAPRI_DATA_RAW' },
    )
    assert.equal((await system.videos.first())?.title, 'Tea')
    await system.videos.updateWhere({}, { title: 'Still writable' })
  })
}

test('what would end the transaction or change the tables is refused', async () => {
  await using club = await openClub()
  const { raw } = club.system
  for (const text of [
    'commit',
    '  -- so\n ROLLBACK',
    '/* x */ drop table videos',
    '/* a /* b */ */ drop table videos',
    '/* a * / b **/ # c\n/**/ rollback',
    '/*!50000 commit */',
    '/*M! commit */',
    'pragma foreign_keys = 0',
    'alter table videos add x',
  ]) {
    await assert.rejects(
      raw.write({ touches: ['videos'] }, ({ kysely }) => sql.raw(text).execute(kysely)),
      { code: 'TAPRI_DATA_RAW' },
      text,
    )
  }
  await assert.rejects(
    raw.write({ touches: ['videos'] }, ({ kysely }) => kysely.transaction().execute(async () => 1)),
    { code: 'TAPRI_DATA_RAW' },
  )
  assert.equal(await club.system.videos.count(), 0)
})

test('raw work says what it reads and touches, and speaks the language of its database', async () => {
  await using club = await openClub()
  const raw: any = club.system.raw
  await assert.rejects(
    raw.read({}, async () => 1),
    { code: 'TAPRI_DATA_RAW' },
  )
  await assert.rejects(
    raw.write({ touches: ['cats'] }, async () => 1),
    { code: 'TAPRI_DATA_RAW' },
  )
  await assert.rejects(
    raw.read({ reads: [] }, async ({ mongodb }: any) => mongodb()),
    { code: 'TAPRI_DATA_RAW' },
  )
  assert.equal(raw.read.name, 'read')
  assert.equal('raw' in club.as(club.ann), false)
})

test('a db that only reads writes nothing raw either', async () => {
  await using club = await openClub()
  const { raw } = club.as(null, { readOnly: true }).asSystem('test')
  await assert.rejects(
    raw.write({ touches: ['videos'] }, async () => 1),
    { code: 'TAPRI_DATA_READ_ONLY' },
  )
})

test('what was lent is closed when the work has ended', async () => {
  await using club = await openClub()
  const kept = await club.system.raw.write({ touches: ['videos'] }, async ({ kysely }) => ({ kysely }))
  await assert.rejects(kept.kysely.selectFrom('videos').select('id').execute(), { code: 'TAPRI_DATA_TRANSACTION' })
})

test('in raw SQL a decimal is the whole number of its smallest parts', async () => {
  const models = { goods: model({ price: decimal({ scale: 2 }) }) }
  const database = await openDatabase({ models, policies: [], url: 'sqlite::memory:', migrate: 'auto' })
  const { goods, raw } = database.systemDb<typeof models>()
  await goods.create({ price: '12.30' })
  const [row] = await raw.read({ reads: ['goods'] }, ({ kysely }) => kysely.selectFrom('goods').select('price').execute())
  assert.equal(row?.price, 1230)
  await database.close()
})

test('in a file too, raw reads see what is committed alone, while a transaction is open', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-'))
  const club = await openClub({ url: `sqlite:${folder}/app.db?synchronous=off` })
  const count = () =>
    club.system.raw.read(
      { reads: ['secrets'] },
      async ({ kysely }) => (await kysely.selectFrom('secrets').select('id').execute()).length,
    )
  const { promise, resolve } = Promise.withResolvers<void>()
  const id: any = newId(0)
  const writing = club.system.transaction(async (db) => {
    await db.raw.write({ touches: ['secrets'] }, ({ kysely }) => kysely.insertInto('secrets').values({ id, text: 'x' }).execute())
    await promise
  })
  assert.equal(await count(), 0)
  resolve()
  await writing
  assert.equal(await count(), 1)
  await assert.rejects(
    club.system.raw.read({ reads: [] }, ({ kysely }) => sql`delete from secrets`.execute(kysely)),
    /readonly/,
  )
  assert.equal(await count(), 1)
  await club.database.close()
  await rm(folder, { recursive: true })
})

interface Collection {
  updateMany(filter: object, change: object, options: object): Promise<unknown>
  countDocuments(filter: object, options: object): Promise<number>
}
interface Mongo {
  collection(name: string): Collection
}

for (const { kind, server } of servers.filter((each) => each.kind === 'MongoDB')) {
  test(`raw work on ${kind} is done with the driver's own objects, in the transaction around it`, async () => {
    await using club = await open(server)
    const { ann, system, database } = club
    await system.videos.create({ title: 'Tea', author: ann.id })
    const rename = (db: Pick<typeof system, 'raw'>, title: string) =>
      db.raw.write({ touches: ['videos'] }, async ({ mongodb }) => {
        const { db: mongo, session } = mongodb<Mongo, object>()
        await mongo.collection('videos').updateMany({}, { $set: { title } }, { session })
      })
    await assert.rejects(
      system.transaction(async (db) => {
        await rename(db, 'Gone')
        assert.equal((await db.videos.first())?.title, 'Gone')
        throw new Error('never mind')
      }),
      /never mind/,
    )
    assert.equal((await system.videos.first())?.title, 'Tea')
    const changes: Change[] = []
    database.changes.subscribe((commit) => changes.push(...commit.changes))
    await rename(system, 'Green tea')
    assert.deepEqual(changes, [{ model: 'videos', id: '', before: null, after: null }])
    const found = await system.raw.read({ reads: ['videos'] }, ({ mongodb }) => {
      const { db: mongo, session } = mongodb<Mongo, object>()
      return mongo.collection('videos').countDocuments({ title: 'Green tea' }, { session })
    })
    assert.equal(found, 1)
    await assert.rejects(
      system.raw.read({ reads: [] }, async ({ kysely }) => kysely),
      { code: 'TAPRI_DATA_RAW' },
    )
  })
}
