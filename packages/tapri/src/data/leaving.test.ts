import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { manualClock } from '../kit/clock.ts'
import { scratchDatabase } from './drivers/scratch.ts'
import { belongsTo, type Database, hasMany, int, model, openDatabase, sql } from './index.ts'

const models = { counters: model({ number: int({ default: 0 }) }) }
type Counters = typeof models

const kinds = {
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MySQL: process.env.TEST_MYSQL_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
}

/** Somebody else on the same server, who sees what it is at. */
interface Watcher {
  run(text: string): Promise<void>
  /** How many statements with this in their text are at work. */
  atWork(text: string): Promise<number>
  /** Keeps everybody from reading the table, until `run` is told to let go. */
  readonly hold: string
  readonly letGo: string
  /** A text that a server takes hours for. */
  readonly endless: string
  /** A part of it. */
  readonly text: string
  close(): Promise<void>
}

async function watchPostgres(url: string): Promise<Watcher> {
  const schema = new URL(url).searchParams.get('schema') ?? ''
  const plain = new URL(url)
  plain.search = ''
  const client = new pg.Client({ connectionString: plain.href, options: `-c search_path=${schema}` })
  await client.connect()
  return {
    async run(text) {
      await client.query(text)
    },
    async atWork(text) {
      // what it has seen once it sees again until its transaction ends
      await client.query('select pg_stat_clear_snapshot()')
      const sql = "select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like $1"
      return (await client.query(sql, [`%${text}%`])).rows.length
    },
    hold: 'begin; lock table counters in access exclusive mode',
    letGo: 'commit',
    endless: 'select count(*) from generate_series(1, 1000000000000)',
    text: '(1, 1000000000000)',
    close: () => client.end(),
  }
}

async function watchMysql(url: string): Promise<Watcher> {
  const connection = await mysql.createConnection({ uri: url, multipleStatements: true })
  return {
    async run(text) {
      await connection.query(text)
    },
    async atWork(text) {
      const sql = 'select 1 from information_schema.processlist where db = database() and id <> connection_id() and info like ?'
      const [rows] = await connection.query(sql, [`%${text}%`])
      return Array.isArray(rows) ? rows.length : 0
    },
    hold: 'lock tables counters write',
    letGo: 'unlock tables',
    endless: "select benchmark(1000000000000, sha2('a', 512))",
    text: 'benchmark(1000000000000',
    close: () => connection.end(),
  }
}

interface Place extends ReturnType<typeof callerOf> {
  readonly database: Database
  readonly watcher: Watcher
}

for (const [kind, server] of Object.entries(kinds)) {
  const skip = server === undefined ? `set TEST_${kind === 'PostgreSQL' ? 'POSTGRES' : kind.toUpperCase()}_URL` : false

  const claim = (text: string, check: (place: Place) => Promise<void>) =>
    test(`${kind}: ${text}`, { skip }, async () => {
      const scratch = await scratchDatabase(server ?? '')
      const watcher = await (kind === 'PostgreSQL' ? watchPostgres : watchMysql)(scratch.url)
      const url = `${scratch.url}${scratch.url.includes('?') ? '&' : '?'}pool=2&statement_timeout=1h`
      const database = await openDatabase({ models, policies: [], url, migrate: 'auto', clock: manualClock() })
      try {
        await check({ database, watcher, ...callerOf(database) })
      } finally {
        await database.close()
        await watcher.close()
        await scratch.dispose()
      }
    })

  claim('a read that waits is ended at the server when its caller leaves, while all connections are busy', async (place) => {
    const { database, watcher, caller, abort } = place
    const system = database.systemDb<Counters>()
    const { id } = await system.counters.create({ number: 7 })
    await watcher.run(watcher.hold)
    const reads = [caller.counters.find(), caller.counters.get(id), caller.counters.count({ where: { number: 7 } })]
    const refused = Promise.all(reads.map((read) => assert.rejects(read, { code: 'TAPRI_DATA_ABORTED', status: 499 })))
    while ((await watcher.atWork('counters')) < 2);
    abort()
    await refused
    // the table is still held: they did not wait for that; a server that has answered may be seen at work for a moment
    while ((await watcher.atWork('counters')) > 0);
    await watcher.run(watcher.letGo)
    assert.equal((await system.counters.get(id)).number, 7)
    assert.equal(await system.counters.count(), 1)
  })

  claim(
    'a raw read that takes hours is ended at the server when its caller leaves',
    async ({ database, watcher, caller, abort }) => {
      const { endless, text } = watcher
      const reading = caller.raw.read({ reads: ['counters'] }, ({ kysely }) => sql.raw(endless).execute(kysely))
      const refused = assert.rejects(reading, { code: 'TAPRI_DATA_ABORTED' })
      while ((await watcher.atWork(text)) === 0);
      abort()
      await refused
      while ((await watcher.atWork(text)) > 0);
      assert.equal(await database.systemDb<Counters>().counters.count(), 0)
    },
  )
}

test('SQLite: a read that takes hours is ended in its worker when its caller leaves, and the next one is read there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const url = `sqlite:${join(folder, 'app.db')}?synchronous=off&readers=1`
  const related = { users: model({ videos: hasMany('videos', 'owner') }), videos: model({ owner: belongsTo('users') }) }
  // its limits would end the read too, and stand still
  const database = await openDatabase({ models: related, policies: [], url, migrate: 'auto', clock: manualClock() })
  try {
    const { id: owner } = await database.systemDb<typeof related>().users.create({})
    const numbers = sql`with recursive n(n) as (select 1 union all select n + 1 from n where n < 100000) select n, ${owner} from n`
    await database
      .systemDb<typeof related>()
      .raw.write({ touches: ['videos'] }, ({ kysely }) => sql`insert into videos (id, owner) ${numbers}`.execute(kysely))
    const abort = new AbortController()
    const db = database.asCaller<typeof related>({ user: null }, { signal: abort.signal }).asSystem('test')
    // for each of them all of them
    const reading = db.videos.count({ where: { owner: { videos: { none: { id: { startsWith: 'x' } } } } } })
    const next = database.systemDb<typeof related>().raw.read({ reads: ['videos'] }, ({ kysely }) =>
      kysely
        .selectFrom('videos')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .execute(),
    )
    await new Promise((resolve) => setImmediate(resolve))
    abort.abort()
    await assert.rejects(reading, { code: 'TAPRI_DATA_ABORTED' })
    assert.deepEqual(await next, [{ count: 100_000 }])
  } finally {
    await database.close()
    rmSync(folder, { recursive: true })
  }
})

function callerOf(database: Database) {
  const abort = new AbortController()
  const caller = database.asCaller<Counters>({ user: null }, { signal: abort.signal }).asSystem('test')
  return { caller, abort: () => abort.abort() }
}
