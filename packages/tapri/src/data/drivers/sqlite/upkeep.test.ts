import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { type ManualClock, manualClock } from '../../../kit/clock.ts'
import { int, model, openDatabase, text } from '../../index.ts'
import { Connection } from './connection.ts'
import { ReadPool } from './read-pool.ts'
import { Upkeep } from './upkeep.ts'

const models = { notes: model({ text: text(), number: int({ default: 0 }) }, { index: [['number']] }) }
const storage = { code: 'TAPRI_DATA_STORAGE', status: 503 }

async function open(url: string, clock: ManualClock) {
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto', clock })
  const { notes } = database.systemDb<typeof models>()
  return { database, notes, [Symbol.asyncDispose]: () => database.close() }
}

async function inFolder(work: (place: { folder: string; path: string; url: string }) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const path = join(folder, 'app.db')
  try {
    await work({ folder, path, url: `sqlite:${path}?synchronous=off` })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a database that is removed under the app is noticed within five seconds, and heals when it is put back', () =>
  inFolder(async ({ folder, path, url }) => {
    const clock = manualClock()
    await using app = await open(url, clock)
    const { id } = await app.notes.create({ text: 'one' })
    const away = join(folder, 'away.db')
    renameSync(path, away)
    clock.advance(5000)
    for (const use of [
      () => app.notes.create({ text: 'two' }),
      () => app.notes.get(id),
      () => app.notes.find(),
      () => app.notes.count(),
    ]) {
      await assert.rejects(use, { ...storage, message: /was removed while the app runs/ })
    }
    assert.deepEqual(await app.database.health(), {
      answers: false,
      reason: 'its file was removed while the app runs; put it back, or restore a backup and start the app again',
    })
    renameSync(away, path)
    assert.deepEqual(await app.database.health(), { answers: true })
    await app.notes.create({ text: 'two' })
    assert.equal(await app.notes.count(), 2)
  }))

test('health notices at once, and another file in its place is no database of this app', () =>
  inFolder(async ({ path, url }) => {
    await using app = await open(url, manualClock())
    assert.deepEqual(await app.database.health(), { answers: true })
    rmSync(path)
    assert.equal((await app.database.health()).answers, false)
    writeFileSync(path, 'another')
    const health = await app.database.health()
    assert.match(health.answers ? '' : health.reason, /another file was put in its place/)
    await assert.rejects(app.notes.create({ text: 'one' }), storage)
    rmSync(path)
  }))

test('what the planner knows is renewed once a day', () =>
  inFolder(async ({ path, url }) => {
    const clock = manualClock()
    await using app = await open(url, clock)
    await app.notes.createMany(Array.from({ length: 2000 }, (_, number) => ({ text: 'one', number })))
    const analysed = () => {
      const database = new DatabaseSync(path, { readOnly: true })
      const row = database.prepare("SELECT count(*) AS count FROM sqlite_schema WHERE name = 'sqlite_stat1'").get()
      database.close()
      return row?.count
    }
    clock.advance(23 * 3_600_000)
    assert.equal(analysed(), 0)
    clock.advance(3_600_000)
    assert.equal(analysed(), 1)
    assert.equal(await app.notes.count({ where: { number: { lt: 10 } } }), 10)
  }))

test('a log that readers kept from ending is ended when it is too large', () =>
  inFolder(async ({ path }) => {
    const clock = manualClock()
    const writer = new Connection({ path, synchronous: 'OFF' })
    const pool = ReadPool.open({ path, limit: 30_000, most: 1, clock })
    assert.ok(pool)
    const failures: unknown[] = []
    const largestLog = 100_000
    const fail = (error: unknown) => failures.push(error)
    const quietly = (work: () => void) => pool.quietly(work)
    const upkeep = new Upkeep({ path, inode: undefined, writer, quietly, clock, fail, largestLog })
    writer.run('CREATE TABLE notes (text TEXT)')
    const reader = new DatabaseSync(path)
    reader.exec('BEGIN; SELECT * FROM sqlite_schema')
    const write = () =>
      writer.run(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) INSERT INTO notes SELECT printf('%.*c', 100, 'x') FROM n",
      )
    write()
    write()
    const size = () => statSync(`${path}-wal`).size
    const before = size()
    assert.ok(before > largestLog)
    // somebody else's reader stands in the way: nothing waits for it, nothing fails
    clock.advance(5000)
    await pool.read({ sql: 'SELECT 1', parameters: [] })
    assert.equal(size(), before)
    reader.exec('COMMIT')
    clock.advance(5000)
    await pool.read({ sql: 'SELECT 1', parameters: [] })
    assert.equal(size(), 0)
    assert.deepEqual(failures, [])
    reader.close()
    upkeep.close()
    await pool.close()
    writer.close()
    assert.ok(!existsSync(`${path}-wal`))
  }))

test('a long read in a worker lets others write, and the log begins anew after it', () =>
  inFolder(async ({ path }) => {
    const writer = new Connection({ path, synchronous: 'OFF' })
    const pool = ReadPool.open({ path, limit: 30_000, most: 1, clock: manualClock() })
    writer.run('CREATE TABLE notes (text TEXT)')
    writer.run("INSERT INTO notes VALUES ('first')")
    const numbers = 'WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000000)'
    const long = pool?.read({ sql: `${numbers} SELECT count(*), (SELECT count(*) FROM notes) FROM n`, parameters: [] })
    let writes = 0
    let isOver = false
    void long?.then(() => {
      isOver = true
    })
    while (!isOver) {
      writer.run(`INSERT INTO notes VALUES ('${writes++}')`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.ok(writes > 1, `${writes} writes`)
    writer.shortenLog()
    assert.equal(statSync(`${path}-wal`).size, 0)
    await pool?.close()
    writer.close()
  }))
