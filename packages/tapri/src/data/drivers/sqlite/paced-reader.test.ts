import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../kit/clock.ts'
import { openCatalog } from '../../catalog.ts'
import { always, type Condition, equal, never } from '../../condition.ts'
import type { Select } from '../../driver.ts'
import { belongsTo, int, model, openDatabase, text } from '../../index.ts'
import { Statements } from '../sql/statements.ts'
import { Connection } from './connection.ts'
import { dialect } from './dialect.ts'
import { PacedReader } from './paced-reader.ts'
import { ReadPool } from './read-pool.ts'
import { Upkeep } from './upkeep.ts'

const models = {
  users: model({ name: text() }),
  videos: model({ title: text(), views: int(), owner: belongsTo('users', { onDelete: 'cascade' }) }),
}
const catalog = openCatalog(models, {}, () => 0)
const videos = modelOf('videos')
const users = modelOf('users')

function modelOf(name: string) {
  const found = catalog.get(name)
  assert.ok(found)
  return found
}

function columnOf(name: string) {
  const found = videos.column.get(name)
  assert.ok(found)
  return found
}

interface Room {
  readonly reader: PacedReader
  /** How many reads went to a worker. */
  sent(): number
}

/** A database with so many videos of one owner, each so long. */
async function inRoom(videos: number, length: number, work: (room: Room) => Promise<void>, limit = 30_000): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const path = join(folder, 'app.db')
  const database = await openDatabase({ models, policies: [], url: `sqlite:${path}?synchronous=off`, migrate: 'auto' })
  const db = database.systemDb<typeof models>()
  const ann = await db.users.create({ name: 'Ann' })
  const rows = Array.from({ length: videos }, (_, views) => ({ title: `${views}`.padEnd(length), views, owner: ann.id }))
  await db.videos.createMany(rows)
  await database.close()

  const writer = new Connection({ path, synchronous: 'OFF' })
  const second = new Connection({ path, synchronous: 'OFF' })
  const around = { clock: systemClock, fail: (error: unknown) => assert.fail(String(error)) }
  const upkeep = new Upkeep({ ...around, path, inode: undefined, writer, quietly: async (work) => work() })
  const pool = ReadPool.open({ path, limit, most: 1, ...around })
  assert.ok(pool)
  let sent = 0
  const counting = {
    read: (statement: Parameters<ReadPool['read']>[0]) => {
      sent++
      return pool.read(statement)
    },
    raw: (statement: Parameters<ReadPool['raw']>[0]) => {
      sent++
      return pool.raw(statement)
    },
  }
  try {
    await work({ reader: new PacedReader(second, new Statements(dialect), { pool: counting, limit, upkeep }), sent: () => sent })
  } finally {
    upkeep.close()
    await pool.close()
    second.close()
    writer.close()
    rmSync(folder, { recursive: true })
  }
}

const firstBy = (condition: Condition, limit: number): Select => ({
  model: videos,
  columns: videos.columns,
  condition,
  order: [{ column: videos.id, down: false }],
  limit,
  offset: 0,
})

test('what is in a tiny file is read at once, with no thread', () =>
  inRoom(100, 10, async ({ reader, sent }) => {
    assert.equal((await reader.select(firstBy(always, 10))).length, 10)
    assert.equal(await reader.count(videos, always), 100)
    assert.equal(sent(), 0)
  }))

test('an unknown shape begins in a worker, and comes back once it is known to be fast; a row by its id is never sent', () =>
  inRoom(3000, 500, async ({ reader, sent }) => {
    const runs = 100
    for (let run = 0; run < runs; run++) {
      assert.deepEqual(await reader.select(firstBy(equal(columnOf('owner'), 'nobody'), 5)), [])
      assert.ok(run > 2 || sent() === run + 1)
    }
    const before = sent()
    assert.ok(before < runs, `${before} of ${runs} were sent`)
    const [some] = await reader.select(firstBy(always, 1))
    assert.equal(sent(), before + 1)
    for (let run = 0; run < 10; run++) assert.deepEqual(await reader.row(videos, some?.id ?? ''), some)
    assert.equal(sent(), before + 1)
  }))

/** For each video all videos of its owner: the square of them. */
const quadratic: Condition = {
  kind: 'related',
  column: columnOf('owner'),
  target: users,
  negated: false,
  of: {
    kind: 'some',
    by: columnOf('owner'),
    target: videos,
    negated: false,
    of: { kind: 'text', column: columnOf('title'), sign: 'contains', value: 'nowhere', negated: false },
  },
}

test('a read that takes longer than was believed is taken off the main thread in its midst', () =>
  inRoom(2000, 10, async ({ reader, sent }) => {
    assert.equal(await reader.count(videos, quadratic), 0)
    assert.equal(sent(), 1)
    assert.equal(await reader.count(videos, quadratic), 0)
    assert.equal(await reader.count(videos, quadratic), 0)
    assert.equal(await reader.count(videos, quadratic), 0)
    assert.equal(sent(), 4)
  }))

test('what a worker reads is what the main thread reads, groups and errors too', () =>
  inRoom(3000, 500, async ({ reader, sent }) => {
    const grouping = {
      model: videos,
      condition: always,
      by: [columnOf('owner')],
      figures: [{ kind: 'count' as const }, { kind: 'sum' as const, column: columnOf('views') }],
      having: [],
      order: [],
      limit: 10,
    }
    const runs: unknown[] = []
    for (let run = 0; run < 5; run++) runs.push(await reader.groups(grouping))
    for (const run of runs) assert.deepEqual(run, runs[0])
    assert.deepEqual(await reader.select(firstBy(never, 5)), [])
    assert.ok(sent() >= 3)
  }))

test('raw reads are of a worker, however fast they are, and may not write', () =>
  inRoom(10, 10, async ({ reader, sent }) => {
    const run = (sql: string, ...parameters: readonly unknown[]) =>
      reader.raw(async (raw) => (raw.kind === 'mongodb' ? assert.fail() : raw.run({ sql, parameters })))
    for (let runs = 1; runs <= 5; runs++) {
      assert.deepEqual((await run('SELECT count(*) AS n, ? AS yes, ? AS at FROM videos', true, new Date(5))).rows, [
        { n: 10, yes: 1, at: 5 },
      ])
      assert.equal(sent(), runs)
    }
    await assert.rejects(run('DELETE FROM videos'), { code: 'TAPRI_DATA_STORAGE' })
    await assert.rejects(run('SELECT ?', Symbol('x')), { code: 'TAPRI_DATA_RAW' })
    assert.equal((await run('SELECT count(*) AS n FROM videos')).rows[0]?.n, 10)
  }))

test('a read that takes longer than its limit is refused, wherever it runs', () =>
  inRoom(
    2000,
    10,
    async ({ reader }) => {
      await assert.rejects(reader.count(videos, quadratic), { code: 'TAPRI_DATA_TIMEOUT' })
      assert.equal(await reader.count(videos, equal(columnOf('views'), 7)), 1)
    },
    50,
  ))

test('what was acknowledged is in the next read, on the main thread or in a worker, while others write', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const url = `sqlite:${join(folder, 'app.db')}?synchronous=off`
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  try {
    const db = database.systemDb<typeof models>()
    const ann = await db.users.create({ name: 'Ann' })
    const row = (title: string) => ({ title, views: 1, owner: ann.id })
    await db.videos.createMany(Array.from({ length: 10_000 }, () => row('x'.repeat(200))))
    const writers = ['a', 'b', 'c', 'd'].map(async (writer) => {
      for (let turn = 1; turn <= 50; turn++) {
        await db.videos.create(row(`${writer}!`))
        // a scan of everything, and a look into an index: one is slow, the other fast
        const where = { title: { startsWith: `${writer}!` } }
        assert.equal(await db.videos.count({ where }), turn)
        assert.equal((await db.videos.find({ where, orderBy: '-id', limit: turn })).length, turn)
      }
    })
    await Promise.all(writers)
  } finally {
    await database.close()
    rmSync(folder, { recursive: true })
  }
})
