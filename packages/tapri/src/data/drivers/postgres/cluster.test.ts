import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { manualClock } from '../../../kit/clock.ts'
import { TapriError } from '../../../kit/errors.ts'
import { type Commit, type Database, model, openDatabase, text } from '../../index.ts'
import { scratchPostgres } from './scratch.ts'

const server = process.env.TEST_POSTGRES_URL ?? ''
const skip = server === '' ? 'set TEST_POSTGRES_URL' : false
const models = { notes: model({ text: text({ unique: true }) }) }
type Models = typeof models

interface Cluster {
  readonly clock: ReturnType<typeof manualClock>
  open(): Promise<Database>
  /** A connection beside the app's own, to the same schema. */
  connect(): Promise<pg.Client>
}

function claim(text: string, check: (cluster: Cluster, context: TestContext) => Promise<void>): void {
  test(text, { skip }, async (context) => {
    const scratch = await scratchPostgres(server)
    const clock = manualClock()
    const opened: { close(): Promise<void> }[] = []
    const schema = new URL(scratch.url).searchParams.get('schema') ?? ''
    try {
      const cluster: Cluster = {
        clock,
        async open() {
          const url = `${scratch.url}&application_name=${schema}`
          const database = await openDatabase({ models, policies: [], url, migrate: 'auto', clock })
          opened.push(database)
          return database
        },
        async connect() {
          const client = new pg.Client({ connectionString: server, options: `-c search_path=${schema}` })
          await client.connect()
          opened.push({ close: () => client.end() })
          return client
        },
      }
      await check(cluster, context)
    } finally {
      await Promise.all(opened.map((each) => each.close()))
      await scratch.dispose()
    }
  })
}

/** The commits that a database announces, and a promise of the next one. */
function listen(database: Database): { readonly heard: Commit[]; next(count: number): Promise<void> } {
  const heard: Commit[] = []
  let wake = () => {}
  database.changes.subscribe((commit) => {
    heard.push(commit)
    wake()
  })
  return {
    heard,
    async next(count) {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

claim('two processes that start at once make the tables once', async ({ open }) => {
  const databases = await Promise.all([open(), open(), open()])
  const [one] = databases
  assert.ok(one)
  await one.systemDb<Models>().notes.create({ text: 'a' })
  for (const database of databases) assert.equal(await database.systemDb<Models>().notes.count(), 1)
  assert.equal(new Set(databases.map(({ changes }) => changes.epoch)).size, 1)
})

claim('each process hears of the commits of all, in the same order', async ({ open }) => {
  const [one, two] = [await open(), await open()]
  const [first, second] = [listen(one), listen(two)]
  const writes = Array.from({ length: 40 }, (_, number) =>
    (number % 2 ? one : two).systemDb<Models>().notes.create({ text: String(number) }),
  )
  await Promise.all(writes)
  await Promise.all([first.next(40), second.next(40)])
  assert.deepEqual(first.heard, second.heard)
  const positions = first.heard.map(({ position }) => position)
  assert.deepEqual(
    positions,
    positions.toSorted((a, b) => a - b),
  )
})

claim('an older transaction that is still open keeps later commits back from listeners, not from readers', async (cluster) => {
  const database = await cluster.open()
  const { heard } = listen(database)
  const older = await cluster.connect()
  await older.query('begin; insert into tapri_meta values (pg_current_xact_id()::text, 1)')
  await database.systemDb<Models>().notes.create({ text: 'later' })
  assert.equal(await database.systemDb<Models>().notes.count(), 1)
  assert.equal(heard.length, 0)
  // what is committed can be asked for, so that nobody takes an answer for whole that is not
  assert.equal((await database.changes.since(await database.changes.settled(), 10)).length, 1)
  await older.query('commit')
  while (heard.length < 1) {
    cluster.clock.advance(1000)
    await database.health()
  }
  assert.equal(heard.length, 1)
})

claim('the log is not trimmed past an older transaction that is still open: its commit is heard', async (cluster) => {
  const database = await cluster.open()
  const { notes } = database.systemDb<Models>()
  const { heard, next } = listen(database)
  await notes.create({ text: 'first' })
  await next(1)
  const older = await cluster.connect()
  const own = 'select pg_current_xact_id()::text::bigint * 256 as position'
  await older.query(`begin; insert into tapri_changes (position, at, changes)
    select own.position, log.at * 2, log.changes from (${own}) own, tapri_changes log`)
  const position = Number((await older.query(own)).rows[0]?.position)
  for (let number = 0; number < 10; number++) await notes.create({ text: `soon old ${number}` })
  cluster.clock.advance(25 * 3_600_000)
  for (let number = 0; number < 300; number++) await notes.create({ text: `new ${number}` })
  await older.query('commit')
  const [{ schema }] = (await older.query('select current_schema() as schema')).rows
  while (heard.length < 312) await older.query(`notify "tapri_${schema}"`)
  assert.equal(heard[1]?.position, position)
  assert.ok(
    heard.every(({ changes }) => changes.every(({ id }) => id !== '')),
    'everything was declared lost',
  )
})

claim('the server may cut all connections, again and again: what was written then is there, and heard of', async (cluster) => {
  const [one, two] = [await cluster.open(), await cluster.open()]
  const { heard } = listen(two)
  const admin = await cluster.connect()
  const cut =
    'select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = (select current_schema()) and pid <> pg_backend_pid()'
  const rounds = 60
  for (let round = 0; round < rounds; round++) {
    const writes = [0, 1, 2].map((number) => insist(() => one.systemDb<Models>().notes.create({ text: `${round} ${number}` })))
    // the later ones meet connections that are just being made
    for (let cuts = 0; cuts < 4; cuts++) await admin.query(cut)
    await Promise.all(writes)
  }
  assert.equal(await insist(() => one.systemDb<Models>().notes.count()), 3 * rounds)
  while (heard.length < 3 * rounds) {
    cluster.clock.advance(1000)
    await two.health()
  }
  const texts = heard.map(({ changes }) => changes[0]?.after?.text)
  assert.equal(new Set(texts).size, 3 * rounds)
})

/** A request in hand may meet a lost connection: it is told so, and may be sent again. */
async function insist<T>(request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await request()
  } catch (error) {
    assert.ok(error instanceof TapriError, String(error))
    // the answer to a COMMIT may be lost as well: then the second attempt meets the first
    if (error.code === 'TAPRI_DATA_NOT_UNIQUE') return undefined
    assert.equal(error.code, 'TAPRI_DATA_UNREACHABLE')
    assert.equal(error.status, 503)
    return insist(request)
  }
}

claim('a transaction is run again when another was in its way, and not when it failed by itself', async ({ open }) => {
  const database = await open()
  const { id } = await database.systemDb<Models>().notes.create({ text: 'a' })
  let runs = 0
  // both have read before either writes, so one must be in the way of the other
  const bothHaveRead = Promise.withResolvers<void>()
  const both = Array.from({ length: 2 }, (_, number) =>
    database.systemDb<Models>().transaction(async (db) => {
      const { text } = await db.notes.get(id)
      if (++runs === 2) bothHaveRead.resolve()
      await bothHaveRead.promise
      await db.notes.update(id, { text: `${text}${number}` })
    }),
  )
  await Promise.all(both)
  assert.ok(runs >= 3)
  const { text } = await database.systemDb<Models>().notes.get(id)
  assert.equal(text.length, 3)
  runs = 0
  const failing = database.systemDb<Models>().transaction(async () => {
    runs++
    throw new Error('mine')
  })
  await assert.rejects(failing, /mine/)
  assert.equal(runs, 1)
})

claim(
  'a process that was away for longer than the log reaches back hears that anything may have changed',
  async ({ open, connect }) => {
    const database = await open()
    const db = database.systemDb<Models>()
    const heard: Commit[] = []
    database.changes.subscribe((commit) => heard.push(commit))
    await db.notes.create({ text: 'one' })
    const client = await connect()
    const gone = database.changes.position() + 1_000_000
    await client.query("update tapri_meta set value = $1 where name = 'forgotten'", [String(gone)])
    while (heard.length < 2) {
      await client.query(`notify "tapri_${(await client.query('select current_schema()')).rows[0].current_schema}"`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(
      heard[1]?.changes.map(({ model, id, before, after }) => [model, id, before, after]),
      Object.keys(database.models).map((name) => [name, '', null, null]),
    )
    assert.equal(heard[1]?.position, gone)
  },
)
