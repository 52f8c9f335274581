import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { model, openDatabase, text } from '../../index.ts'
import { backupSqlite } from './backup.ts'

const models = { books: model({ title: text() }, { search: ['title'] }) }

async function withFile(work: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  try {
    await work(join(folder, 'app.db'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function openBooks(file: string) {
  const database = await openDatabase({ models, policies: [], url: `sqlite:${file}`, migrate: 'auto' })
  const { books } = database.systemDb<typeof models>()
  return { books, [Symbol.asyncDispose]: () => database.close() }
}

/** Writes rows and takes most of the first away, so that what counts rows anew gives others to the rest. */
async function write(file: string): Promise<void> {
  await using shelf = await openBooks(file)
  const made = await shelf.books.createMany(
    Array.from({ length: 300 }, (_, number) => ({ title: `Tea w${number} x${number % 7}` })),
  )
  await shelf.books.deleteWhere({ id: { in: made.slice(0, 250).map(({ id }) => id) } })
  assert.equal(await shelf.books.updateWhere({ title: 'Tea w260 x1' }, { title: 'Coffee' }), 1)
}

/** https://sqlite.org/fts5.html#the_integrity_check_command: compares the index with the rows. */
function requireWhole(file: string): void {
  const database = new DatabaseSync(file)
  try {
    database.exec("insert into tapri_books_words (tapri_books_words, rank) values ('integrity-check', 1)")
  } finally {
    database.close()
  }
}

async function requireFound(file: string): Promise<void> {
  await using shelf = await openBooks(file)
  const titles = async (search: string) => (await shelf.books.find({ search })).map(({ title }) => title)
  assert.deepEqual([await titles('w299'), await titles('coffee'), await titles('w10')], [['Tea w299 x5'], ['Coffee'], []])
  assert.equal((await titles('tea')).length, 49)
}

test('the index of words is that of the rows after writes, VACUUM and backups', () =>
  withFile(async (file) => {
    await write(file)
    requireWhole(file)
    const copy = `${file}.copy`
    await backupSqlite(`sqlite:${file}`, copy)
    const database = new DatabaseSync(file)
    database.exec('vacuum')
    database.close()
    for (const each of [file, copy]) {
      requireWhole(each)
      await requireFound(each)
    }
  }))

test('rows that are written in SQL are found as soon as their words are there', () =>
  withFile(async (file) => {
    await write(file)
    const database = new DatabaseSync(file)
    database.exec("delete from books where title = 'Coffee'")
    database.exec("update books set title = 'Milk', tapri_words_title = ' milk ' where title like 'Tea w299%'")
    database.close()
    requireWhole(file)
    await using shelf = await openBooks(file)
    assert.deepEqual([await shelf.books.count({ search: 'coffee' }), await shelf.books.count({ search: 'w299' })], [0, 0])
    assert.equal((await shelf.books.first({ search: 'milk' }))?.title, 'Milk')
  }))

test('writes of one moment that are undone leave no words, and those that are not leave theirs', () =>
  withFile(async (file) => {
    await using shelf = await openBooks(file)
    const writes = Array.from({ length: 60 }, (_, number) =>
      number % 3 === 0 ? shelf.books.create({ title: 'Tea'.repeat(9999) }) : shelf.books.create({ title: `Tea w${number}` }),
    )
    const outcomes = await Promise.allSettled(writes)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 40)
    assert.equal(await shelf.books.count({ search: 'tea' }), 40)
    requireWhole(file)
  }))

test('an index that lost a trigger is made anew by the next start', () =>
  withFile(async (file) => {
    await write(file)
    const database = new DatabaseSync(file)
    database.exec('drop trigger tapri_books_words_update')
    database.exec("update books set title = 'Milk', tapri_words_title = ' milk ' where title = 'Coffee'")
    database.close()
    await using shelf = await openBooks(file)
    assert.deepEqual([await shelf.books.count({ search: 'coffee' }), await shelf.books.count({ search: 'milk' })], [0, 1])
    requireWhole(file)
  }))
