import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Club, type Models, openClub } from '../../club.fixture.ts'
import { add, type TransactionOptions } from '../../index.ts'
import { scratchPostgres } from './scratch.ts'
import { openServer } from './server.ts'
import { readUrl } from './url.ts'

const server = process.env.TEST_POSTGRES_URL ?? ''
const skip = server === '' ? 'set TEST_POSTGRES_URL' : false

/** Two processes' worth: what `other` does is done by somebody who is in no transaction. */
interface Place {
  readonly club: Club
  readonly other: Club
  /** Ends when one of them waits for a row that another one has locked. */
  waiting(): Promise<void>
}

function claim(text: string, check: (place: Place) => Promise<void>): void {
  test(text, { skip }, async () => {
    const scratch = await scratchPostgres(server)
    const name = new URL(scratch.url).searchParams.get('schema') ?? ''
    const url = `${scratch.url}&application_name=${name}`
    const watch = await openServer(readUrl(server))
    const sql = "select count(*) from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'"
    const waiting = async () => {
      while ((await watch.rows({ sql, parameters: [name] }))[0]?.[0] === 0);
    }
    try {
      await using club = await openClub({ url })
      await using other = await openClub({ url })
      await check({ club, other, waiting })
    } finally {
      await watch.close()
      await scratch.dispose()
    }
  })
}

/** Adds one to the views that it has read, while in each of its first runs somebody adds ten. */
async function meddle({ club, other }: Place, times: number, options?: TransactionOptions) {
  const { system, ann } = club
  const { id } = await system.videos.create({ title: 'a', author: ann.id })
  let runs = 0
  const transaction = system.transaction(async (db) => {
    const { views } = await db.videos.get(id)
    if (++runs <= times) await other.system.videos.update(id, { views: add(10) })
    await db.videos.update(id, { views: views + 1 })
  }, options)
  const outcome = await transaction.then(
    () => 'committed',
    (error) => error.code,
  )
  return { outcome, runs, views: (await system.videos.get(id)).views }
}

claim('a serializable transaction is run again until nobody was in its way, four times unless told', async (place) => {
  assert.deepEqual(await meddle(place, 1), { outcome: 'committed', runs: 2, views: 11 })
  assert.deepEqual(await meddle(place, 4), { outcome: 'committed', runs: 5, views: 41 })
})

claim('retries say how often it is run again: never, or up to ten times', async (place) => {
  assert.deepEqual(await meddle(place, 1, { retries: 0 }), { outcome: 'TAPRI_DATA_CONFLICT', runs: 1, views: 10 })
  assert.deepEqual(await meddle(place, 1, { retries: 1 }), { outcome: 'committed', runs: 2, views: 11 })
  assert.deepEqual(await meddle(place, 10, { retries: 10 }), { outcome: 'committed', runs: 11, views: 101 })
})

claim('a read committed transaction is not run again, and what was read may be out of date', async (place) => {
  assert.deepEqual(await meddle(place, 1, { isolation: 'read committed' }), { outcome: 'committed', runs: 1, views: 1 })
})

claim('a serializable transaction reads one moment, a read committed one what is committed by then', async ({ club, other }) => {
  const seen = async (options: TransactionOptions) =>
    club.system.transaction(async (db) => {
      const before = await db.videos.count()
      await other.system.videos.create({ title: 'a', author: other.ann.id })
      return (await db.videos.count()) - before
    }, options)
  assert.equal(await seen({ isolation: 'serializable' }), 0)
  assert.equal(await seen({ isolation: 'read committed' }), 1)
})

claim('in a read committed transaction no addition is lost, and a changed row stays as it is', async ({ club, other }) => {
  const { system, ann } = club
  const { id } = await system.videos.create({ title: 'a', author: ann.id })
  const adding = (views: number) =>
    system.transaction((db) => db.videos.update(id, { views: add(views) }), { isolation: 'read committed', retries: 0 })
  await Promise.all(Array.from({ length: 30 }, () => adding(1)))
  let late: Promise<unknown> = Promise.resolve()
  await system.transaction(
    async (db) => {
      await db.videos.update(id, { views: add(1) })
      late = other.system.videos.update(id, { views: add(100) })
      assert.equal((await db.videos.get(id)).views, 31)
    },
    { isolation: 'read committed' },
  )
  await late
  assert.equal((await system.videos.get(id)).views, 131)
})

claim('1,000 additions at once to one row all count, and those of another process too', async ({ club, other }) => {
  const { id } = await club.system.videos.create({ title: 'a', author: club.ann.id })
  await Promise.all(Array.from({ length: 1000 }, () => club.system.videos.update(id, { views: add(1) })))
  assert.equal((await club.system.videos.get(id)).views, 1000)
  const add1 = (_none: unknown, number: number) => (number % 2 === 0 ? club : other).system.videos.update(id, { views: add(1) })
  await Promise.all(Array.from({ length: 100 }, add1))
  assert.equal((await club.system.videos.get(id)).views, 1100)
})

claim('what waits for a row is given up at once when its caller leaves', async ({ club, other, waiting }) => {
  const { system, ann } = club
  const { id } = await system.videos.create({ title: 'a', author: ann.id })
  const locked = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const holding = other.system.transaction(async (db) => {
    await db.videos.update(id, { views: add(1) })
    locked.resolve()
    await goOn.promise
  })
  await locked.promise
  for (const leave of ['write', 'transaction'] as const) {
    const abort = new AbortController()
    const db = club.database.asCaller<Models>({ user: ann }, { signal: abort.signal })
    const wait = (within: typeof db) => within.videos.update(id, { views: add(10) })
    const leaving =
      leave === 'write'
        ? wait(db)
        : db.transaction(async (within) => {
            await within.videos.create({ title: 'b', author: ann.id })
            await wait(within)
          })
    await waiting()
    const refused = assert.rejects(leaving, { code: 'TAPRI_DATA_ABORTED' })
    abort.abort()
    await refused
  }
  goOn.resolve()
  await holding
  assert.deepEqual(
    (await system.videos.find()).map(({ title, views }) => [title, views]),
    [['a', 1]],
  )
})
