import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { model, openDatabase, siblingUrl, text } from '../index.ts'

test('a database beside another has its name in the middle, and the same options', () => {
  const cases: [string, string | undefined][] = [
    ['sqlite:data/app.db', 'sqlite:data/app.jobs.db'],
    ['sqlite:data/app.db?synchronous=normal&readers=4', 'sqlite:data/app.jobs.db?synchronous=normal&readers=4'],
    ['sqlite:///var/lib/kites/app.v2.sqlite', 'sqlite:///var/lib/kites/app.v2.jobs.sqlite'],
    ['sqlite:some.folder/app', 'sqlite:some.folder/app.jobs'],
    ['sqlite:.hidden', 'sqlite:.hidden.jobs'],
    ['sqlite::memory:', 'sqlite::memory:'],
    ['sqlite::memory:?synchronous=off', 'sqlite::memory:?synchronous=off'],
    ['postgres://ann@db.local/kites', undefined],
  ]
  for (const [url, sibling] of cases) assert.equal(siblingUrl(url, 'jobs'), sibling, url)
  for (const name of ['', 'Jobs', '../jobs', 'a.b']) {
    assert.throws(() => siblingUrl('sqlite:app.db', name), { code: 'TAPRI_DATA_URL' })
  }
  assert.throws(() => siblingUrl('sqlite:', 'jobs'), { code: 'TAPRI_DATA_URL' })
})

test('who writes to one does not wait for who writes to the other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const models = { notes: model({ text: text() }) }
  const url = `sqlite:${folder}/app.db?synchronous=off`
  const app = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  const jobs = await openDatabase({ models, policies: [], url: String(siblingUrl(url, 'jobs')), migrate: 'auto' })
  try {
    await app.systemDb<typeof models>().transaction(async (db) => {
      await db.notes.create({ text: 'one' })
      await jobs.systemDb<typeof models>().notes.create({ text: 'job' })
    })
    assert.ok(readdirSync(folder).includes('app.jobs.db'))
    assert.equal(await app.systemDb<typeof models>().notes.count(), 1)
  } finally {
    await app.close()
    await jobs.close()
    rmSync(folder, { recursive: true })
  }
})
