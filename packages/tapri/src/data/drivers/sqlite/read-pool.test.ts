import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ManualClock, manualClock } from '../../../kit/clock.ts'
import type { Sql, SqlValue } from '../sql/dialect.ts'
import { Connection } from './connection.ts'
import { type PoolOptions, ReadPool } from './read-pool.ts'

interface Room {
  readonly path: string
  readonly writer: Connection
  readonly clock: ManualClock
  readonly pool: ReadPool
}

async function inRoom(work: (room: Room) => Promise<void>, options: Partial<PoolOptions> = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const path = join(folder, 'app.db')
  const writer = new Connection({ path, synchronous: 'OFF' })
  writer.run('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT) STRICT')
  const clock = manualClock()
  const pool = ReadPool.open({ path, limit: 30_000, most: 2, clock, ...options })
  assert.ok(pool)
  try {
    await work({ path, writer, clock, pool })
  } finally {
    await pool.close()
    writer.close()
    rmSync(folder, { recursive: true })
  }
}

const read = (sql: string, ...parameters: readonly SqlValue[]): Sql => ({ sql, parameters })
const counted = read('SELECT count(*) FROM notes')
/** Rows from 1 on, whether anybody wants to go on or not. */
const numbers = (last: number) => `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${last})`

test('a read that begins after a commit sees it, a thousand times, with readers side by side', () =>
  inRoom(async ({ writer, pool }) => {
    for (let count = 1; count <= 1000; count++) {
      writer.run('INSERT INTO notes (text) VALUES (NULL)')
      const reads = await Promise.all([pool.read(counted), pool.read(counted), pool.read(counted)])
      assert.deepEqual(
        reads.map(({ rows }) => rows[0]?.[0]),
        [count, count, count],
      )
    }
    assert.equal(pool.size, 2)
  }))

test('threads are started when they are needed, and end when nothing was read for a minute', () =>
  inRoom(async ({ clock, pool }) => {
    assert.equal(pool.size, 0)
    await pool.read(counted)
    await pool.read(counted)
    assert.equal(pool.size, 1)
    clock.advance(59_999)
    assert.equal(pool.size, 1)
    await pool.read(counted)
    clock.advance(59_999)
    assert.equal(pool.size, 1)
    clock.advance(1)
    assert.equal(pool.size, 0)
    assert.deepEqual((await pool.read(counted)).rows, [[0]])
  }))

test('many rows arrive whole and in their order', () =>
  inRoom(async ({ pool }) => {
    const { rows } = await pool.read(read(`${numbers(2500)} SELECT n, 'é' || n FROM n`))
    assert.deepEqual(
      rows,
      Array.from({ length: 2500 }, (_, at) => [at + 1, `é${at + 1}`]),
    )
    assert.deepEqual((await pool.read(read('SELECT ?, ?', null, 'a'))).rows, [[null, 'a']])
    assert.deepEqual((await pool.read(read('SELECT 1 WHERE 0'))).rows, [])
  }))

test('a read that takes longer than its limit is stopped, and its thread reads on', () =>
  inRoom(
    async ({ pool }) => {
      const endless = read(`${numbers(1e12)} SELECT count(*) FROM n WHERE tapri_go_on()`)
      await assert.rejects(pool.read(endless), { code: 'TAPRI_DATA_TIMEOUT', message: /longer than 0\.05 s/ })
      assert.equal(pool.size, 1)
      assert.deepEqual((await pool.read(counted)).rows, [[0]])
    },
    { limit: 50, most: 1 },
  ))

test('a read that cannot be stopped is given up with its thread, and another takes its place', () =>
  inRoom(
    async ({ clock, pool }) => {
      const deaf = pool.read(read(`${numbers(3_000_000)} SELECT count(*) FROM n`))
      const refused = assert.rejects(deaf, { code: 'TAPRI_DATA_TIMEOUT' })
      clock.advance(30_999)
      const next = pool.read(counted)
      clock.advance(1)
      await refused
      assert.deepEqual((await next).rows, [[0]])
      assert.equal(pool.size, 1)
    },
    { most: 1 },
  ))

test('a read that nobody waits for any more is stopped where it runs, and its thread reads on', () =>
  inRoom(
    async ({ pool }) => {
      const abort = new AbortController()
      const endless = pool.read(read(`${numbers(1e12)} SELECT count(*) FROM n WHERE tapri_go_on()`), abort.signal)
      const late = new AbortController()
      const waiting = pool.read(counted, late.signal)
      late.abort()
      await assert.rejects(waiting, { code: 'TAPRI_DATA_ABORTED' })
      const next = pool.read(counted)
      abort.abort()
      await assert.rejects(endless, { code: 'TAPRI_DATA_ABORTED' })
      // the clock stands: only a thread that was stopped is free for it
      assert.deepEqual((await next).rows, [[0]])
      assert.equal(pool.size, 1)
      await assert.rejects(pool.read(counted, abort.signal), { code: 'TAPRI_DATA_ABORTED' })
      assert.deepEqual((await pool.read(counted, new AbortController().signal)).rows, [[0]])
    },
    { most: 1 },
  ))

test('a raw read that nobody waits for any more is given up with its thread a second later', () =>
  inRoom(
    async ({ clock, pool }) => {
      const abort = new AbortController()
      const deaf = pool.raw({ sql: `${numbers(3_000_000)} SELECT count(*) FROM n`, values: [] }, abort.signal)
      abort.abort()
      await assert.rejects(deaf, { code: 'TAPRI_DATA_ABORTED' })
      const next = pool.raw({ sql: 'SELECT ? AS one, x.* FROM (SELECT 2 AS two) x', values: ['a'] })
      clock.advance(1000)
      assert.deepEqual(await next, { rows: [{ one: 'a', two: 2 }], changed: 1 })
      assert.equal(pool.size, 1)
    },
    { most: 1 },
  ))

test('a read that waits for others as long as it may take is refused', () =>
  inRoom(
    async ({ clock, pool }) => {
      const first = pool.read(read(`${numbers(1_000_000)} SELECT count(*) FROM n`))
      const second = pool.read(counted)
      const refused = assert.rejects(second, { code: 'TAPRI_DATA_TIMEOUT', message: /has waited 30 s/ })
      clock.advance(30_000)
      await refused
      assert.deepEqual((await first).rows, [[1_000_000]])
    },
    { most: 1 },
  ))

test('a read that needs more memory than a thread may have ends that thread alone', () =>
  inRoom(
    async ({ pool }) => {
      // ten times what the thread may have
      const huge = pool.read(read(`${numbers(300)} SELECT n || printf('%.*c', 1000000, 'x') FROM n`))
      const refused = assert.rejects(huge, { code: 'TAPRI_DATA_STORAGE', message: /died of this query/ })
      const next = pool.read(counted)
      await refused
      assert.deepEqual((await next).rows, [[0]])
    },
    { most: 1, memory: 30 },
  ))

test('what is wrong with a read is said as on the main thread', () =>
  inRoom(async ({ path, pool }) => {
    await assert.rejects(pool.read(read('SELECT * FROM kites')), /no such table: kites/)
    await assert.rejects(pool.read(read('DELETE FROM notes')), { code: 'TAPRI_DATA_STORAGE', message: /readonly/ })
    await assert.rejects(pool.raw({ sql: 'DELETE FROM notes', values: [] }), { code: 'TAPRI_DATA_STORAGE', message: /readonly/ })
    rmSync(path)
    const other = ReadPool.open({ path, limit: 1000, most: 1, clock: manualClock() })
    await assert.rejects(other?.read(counted) ?? Promise.resolve(), { code: 'TAPRI_DATA_STORAGE' })
    assert.throws(() => statSync(path), /ENOENT/)
    await other?.close()
  }))

test('between reads nothing keeps the log from beginning anew', () =>
  inRoom(async ({ path, writer, pool }) => {
    for (let round = 0; round < 3; round++) {
      writer.run(`INSERT INTO notes (text) ${numbers(5000)} SELECT printf('%.*c', 200, 'x') FROM n`)
      await Promise.all([pool.read(counted), pool.read(read('SELECT * FROM notes LIMIT 10')), pool.read(counted)])
      assert.ok(statSync(`${path}-wal`).size > 1_000_000)
      writer.shortenLog()
      assert.equal(statSync(`${path}-wal`).size, 0)
    }
  }))

test('quiet work waits for reads in hand, and reads wait for it', () =>
  inRoom(async ({ pool }) => {
    const done: string[] = []
    const note = (name: string) => () => done.push(name)
    const first = pool.read(read(`${numbers(300_000)} SELECT count(*) FROM n`)).then(note('read'))
    const quiet = pool.quietly(note('quiet'))
    const late = pool.read(counted).then(note('late'))
    await Promise.all([first, quiet, late])
    assert.deepEqual(done, ['read', 'quiet', 'late'])
  }))

test('closing waits for what was asked', () =>
  inRoom(
    async ({ pool }) => {
      const reads = [1, 2, 3].map(() => pool.read(counted))
      await pool.close()
      assert.equal((await Promise.all(reads)).length, 3)
      assert.equal(pool.size, 0)
    },
    { most: 1 },
  ))

test('without threads there is no pool', () => {
  assert.equal(ReadPool.open({ path: 'x', limit: 1, most: 0, clock: manualClock() }), undefined)
})
