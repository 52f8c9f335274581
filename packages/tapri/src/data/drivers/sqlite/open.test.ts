import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { model, openDatabase, text } from '../../index.ts'
import { isOlder } from './open.ts'

const open = (url: string) => openDatabase({ models: { notes: model({ text: text() }) }, policies: [], url, migrate: 'auto' })
const cannotOpen = { code: 'TAPRI_DATA_OPEN' }

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a missing folder is made, and the file has a write-ahead log', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'deep', 'er', 'app.db')
    const database = await open(`sqlite:${path}`)
    assert.ok(existsSync(`${path}-wal`))
    await database.close()
    const file = new DatabaseSync(path)
    assert.equal(file.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
    file.close()
  }))

test('a URL that names no database is refused with the reason', async () => {
  for (const url of ['', 'app.db', 'mysql://x', 'sqlite:', 'sqlite:a.db?synchronous=maybe', 'sqlite:a.db?mode=ro', 'file:a.db']) {
    await assert.rejects(open(url), { code: 'TAPRI_DATA_URL' }, url)
  }
  const database = await open('sqlite::memory:?synchronous=off')
  await database.close()
})

test('a path through a file is one clear sentence', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), 'x')
    await assert.rejects(open(`sqlite:${folder}/file/app.db`), { ...cannotOpen, message: /is a file, not a folder/ })
    await assert.rejects(open(`sqlite:${folder}`), cannotOpen)
  }))

test('a file that is no database, and one that is damaged, are told apart and left as they are', () =>
  inFolder(async (folder) => {
    const other = join(folder, 'other.db')
    writeFileSync(other, 'this is a letter, not a database. '.repeat(100))
    await assert.rejects(open(`sqlite:${other}`), { ...cannotOpen, message: /is not an SQLite database/ })
    assert.match(readFileSync(other, 'utf8'), /^this is a letter/)

    const damaged = join(folder, 'damaged.db')
    await (await open(`sqlite:${damaged}`)).close()
    // the header stays, the page of the schema goes
    writeSync(openSync(damaged, 'r+'), Buffer.alloc(3900, 0xaa), 0, 3900, 100)
    await assert.rejects(open(`sqlite:${damaged}`), { ...cannotOpen, message: /is damaged/ })
  }))

test('a folder that may not be written is one clear sentence', () =>
  inFolder(async (folder) => {
    await (await open(`sqlite:${folder}/app.db`)).close()
    chmodSync(folder, 0o555)
    chmodSync(join(folder, 'app.db'), 0o444)
    const door = new URL('../../index.ts', import.meta.url).href
    const script = `
      import { model, openDatabase, text } from '${door}'
      // root may write everywhere, so it becomes nobody
      if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534) }
      for (const name of ['app.db', 'new.db', 'folder/new.db']) {
        await openDatabase({ models: { notes: model({ text: text() }) }, policies: [], url: 'sqlite:${folder}/' + name, migrate: 'auto' })
          .catch((error) => console.log(error.code, error.message))
      }`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    const lines = stdout.trim().split('\n')
    assert.equal(lines.length, 3, stderr)
    for (const line of lines) assert.match(line, /^TAPRI_DATA_OPEN Cannot open the database ".*": .*may not be written$/)
  }))

test('versions of SQLite are compared by number', () => {
  assert.deepEqual(
    ['3.51.2', '3.9.0', '3.51.3', '3.53.4', '4.0.0'].map((version) => isOlder(version, '3.51.3')),
    [true, true, false, false, false],
  )
})
