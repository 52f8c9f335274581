import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { backupDatabase, model, openDatabase, restoreDatabase, text } from '../../index.ts'

const models = { notes: model({ text: text() }) }
const at = new Date('2026-01-02T03:04:05.678Z')
const cannot = { code: 'TAPRI_DATA_BACKUP' }

async function open(url: string) {
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  const { notes } = database.systemDb<typeof models>()
  return { database, notes, [Symbol.asyncDispose]: () => database.close() }
}

async function inFolder(work: (place: { folder: string; url: string; path: string }) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const path = join(folder, 'app.db')
  try {
    await work({ folder, url: `sqlite:${path}?synchronous=off`, path })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a backup of a database that is written all the while has every transaction whole, and opens', () =>
  inFolder(async ({ folder, url }) => {
    await using app = await open(url)
    const url2 = `sqlite:${folder}/copy.db`
    let isOver = false
    let pairs = 0
    const write = async () => {
      const pair = pairs++
      await app.notes.createMany([{ text: `${pair} a` }, { text: `${pair} b` }])
      await new Promise((resolve) => setImmediate(resolve))
    }
    const writing = async () => {
      // no more than are read below, however long the copy takes
      while ((!isOver && pairs < 4000) || pairs < 50) await write()
    }
    const writers = writing()
    // in a process of its own, as the command makes it
    const door = new URL('../../index.ts', import.meta.url).href
    const script = `import { backupDatabase } from '${door}'; await backupDatabase('${url}', '${folder}/copy.db')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    isOver = true
    await writers
    assert.equal(code, 0)
    // none of this is in the copy, also when the writers were through before it
    await write()

    await using copy = await open(url2)
    const texts = (await copy.notes.find({ limit: 10_000, orderBy: 'id' })).map((note) => note.text)
    assert.deepEqual(texts, Array.from({ length: texts.length / 2 }, (_, pair) => [`${pair} a`, `${pair} b`]).flat())
    assert.ok(texts.length < (await app.notes.count()))
    assert.equal(copy.database.changes.position(), texts.length / 2)
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('unfinished')),
      [],
    )
  }))

test('a backup is never written over, and one that cannot be made leaves nothing', () =>
  inFolder(async ({ folder, url }) => {
    await assert.rejects(backupDatabase(url, `${folder}/copy.db`), { ...cannot, message: /no such file/ })
    await (await open(url)).database.close()
    await backupDatabase(url, `${folder}/deep/copy.db`)
    const before = readFileSync(`${folder}/deep/copy.db`)
    await assert.rejects(backupDatabase(url, `${folder}/deep/copy.db`), { ...cannot, message: /never written over/ })
    assert.deepEqual(readFileSync(`${folder}/deep/copy.db`), before)
    await assert.rejects(backupDatabase('sqlite::memory:', `${folder}/x.db`), { ...cannot, message: /in memory/ })

    writeFileSync(`${folder}/app.db`, 'no database at all')
    await assert.rejects(backupDatabase(url, `${folder}/other.db`), { code: 'TAPRI_DATA_STORAGE' })
    assert.deepEqual(
      readdirSync(folder).filter((name) => !name.startsWith('app.db')),
      ['deep'],
    )
  }))

test('a restored database is as it was, begins another epoch, and the one before is kept', () =>
  inFolder(async ({ folder, url, path }) => {
    const first = await open(url)
    await first.notes.create({ text: 'one' })
    const { epoch } = first.database.changes
    await backupDatabase(url, `${folder}/copy.db`)
    await first.notes.create({ text: 'two' })
    await first.database.close()

    const kept = await restoreDatabase(url, `${folder}/copy.db`, { at, damaged: false })
    assert.equal(kept, `${path}.before-2026-01-02T03-04-05-678Z`)
    {
      await using app = await open(url)
      assert.deepEqual(
        (await app.notes.find()).map((note) => note.text),
        ['one'],
      )
      assert.notEqual(app.database.changes.epoch, epoch)
      await app.notes.create({ text: 'three' })
    }
    await using before = await open(`sqlite:${kept}`)
    assert.equal(await before.notes.count(), 2)
    assert.equal(before.database.changes.epoch, epoch)
  }))

test('nothing is restored while an app runs on the database, idle or not, in this process or another', () =>
  inFolder(async ({ folder, url, path }) => {
    {
      await using app = await open(url)
      await app.notes.create({ text: 'one' })
      await backupDatabase(url, `${folder}/copy.db`)
      const inode = statSync(path).ino
      await assert.rejects(restoreDatabase(url, `${folder}/copy.db`, { at, damaged: false }), {
        ...cannot,
        message: /has it open/,
      })
      assert.equal(statSync(path).ino, inode)
      await app.notes.create({ text: 'two' })
      assert.equal(await app.notes.count(), 2)
    }
    const door = new URL('../../index.ts', import.meta.url).href
    const script = `
      import { model, openDatabase, text } from '${door}'
      await openDatabase({ models: { notes: model({ text: text() }) }, policies: [], url: '${url}', migrate: 'auto' })
      process.stdout.write('open')
      process.stdin.resume()`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await assert.rejects(restoreDatabase(url, `${folder}/copy.db`, { at, damaged: false }), { ...cannot, message: /has it open/ })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await restoreDatabase(url, `${folder}/copy.db`, { at, damaged: false })
    await using app = await open(url)
    assert.equal(await app.notes.count(), 1)
  }))

test('what is no whole backup of ours is refused, and the database stays as it is', () =>
  inFolder(async ({ folder, url, path }) => {
    await (await open(url)).database.close()
    await backupDatabase(url, `${folder}/good.db`)
    const good = readFileSync(`${folder}/good.db`)
    const before = readFileSync(path)

    writeFileSync(`${folder}/letter.db`, 'this is a letter, not a database. '.repeat(100))
    const other = new DatabaseSync(`${folder}/other.db`)
    other.exec('CREATE TABLE notes (id TEXT)')
    other.close()
    const newer = Buffer.from(good)
    newer.writeUInt32BE(4_000_000, 96)
    writeFileSync(`${folder}/newer.db`, newer)
    writeFileSync(`${folder}/half.db`, good.subarray(0, good.length / 2))
    const scratched = Buffer.from(good)
    scratched.fill(0xaa, 4096 + 8, 2 * 4096)
    writeFileSync(`${folder}/scratched.db`, scratched)

    for (const [name, reason] of [
      ['nothing', /ENOENT/],
      ['letter', /is no SQLite database/],
      ['other', /none of Tapri/],
      ['newer', /SQLite 4\.0\.0 has written it/],
      ['half', /is damaged/],
      ['scratched', /is damaged/],
    ] as const) {
      const restoring = restoreDatabase(url, `${folder}/${name}.db`, { at, damaged: false })
      await assert.rejects(restoring, { ...cannot, message: reason }, name)
      assert.deepEqual(readFileSync(path), before)
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('restoring')),
      [],
    )
  }))

test('a damaged database is replaced when that is said, and a log without its database is put aside', () =>
  inFolder(async ({ folder, url, path }) => {
    await (await open(url)).database.close()
    await backupDatabase(url, `${folder}/copy.db`)
    writeFileSync(path, 'scribbled over')
    await assert.rejects(restoreDatabase(url, `${folder}/copy.db`, { at, damaged: false }), { ...cannot, message: /--damaged/ })
    writeFileSync(`${path}-wal`, 'a log')
    const kept = await restoreDatabase(url, `${folder}/copy.db`, { at, damaged: true })
    assert.equal(readFileSync(String(kept), 'utf8'), 'scribbled over')
    assert.equal(readFileSync(`${kept}-wal`, 'utf8'), 'a log')
    await (await open(url)).database.close()

    rmSync(path)
    assert.equal(await restoreDatabase(url, `${folder}/copy.db`, { at, damaged: false }), undefined)
    await using app = await open(url)
    assert.equal(await app.notes.count(), 0)
  }))
