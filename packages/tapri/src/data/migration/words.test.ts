import assert from 'node:assert/strict'
import { systemClock } from '../../kit/clock.ts'
import { openDriver } from '../drivers/open.ts'
import { belongsTo, int, model, optional, text, was } from '../index.ts'
import type { Models } from '../rows.ts'
import { everywhere, summaries, visit } from './everywhere.fixture.ts'
import type { MigrationAction } from './state.ts'

const fields = { title: text(), about: optional(text()), size: int({ default: 0 }) }
const plain = { books: model(fields) }
const titles = { books: model(fields, { search: ['title'] }) }
const both = { books: model(fields, { search: ['title', 'about'] }) }

const rows = Array.from({ length: 600 }, (_, number) => ({ title: `Tea ${number}`, about: `kit x${number % 7}` }))

async function found(url: string, models: Models, search: string): Promise<number> {
  return visit({ url, models }, async (db, database) => {
    assert.deepEqual(summaries((await database.plan()).steps.filter(({ needed }) => needed)), [])
    return db.books.count({ search })
  })
}

everywhere('a search that is declared, widened, narrowed and taken away finds the rows that were there', async (url) => {
  await visit({ url, models: plain }, (db) => db.books.createMany(rows))
  await visit({ url, models: titles, migrate: 'plan' }, async (_db, database) => {
    assert.deepEqual(summaries((await database.plan()).steps), [
      'add the column "tapri_words_title" of "books"',
      'add the word index on tapri_words_title of "books"',
    ])
  })
  assert.deepEqual(
    [await found(url, titles, 'tea'), await found(url, titles, '59'), await found(url, titles, 'kit')],
    [600, 11, 0],
  )
  assert.deepEqual([await found(url, both, 'tea x3'), await found(url, both, 'kit 599')], [86, 1])
  assert.deepEqual([await found(url, titles, 'tea x3'), await found(url, titles, 'tea')], [0, 600])
  // nobody follows the words of a field that is not searched any more
  await visit({ url, models: titles }, (db) => db.books.updateWhere({ title: 'Tea 2' }, { about: 'moved' }))
  assert.deepEqual([await found(url, both, 'moved'), await found(url, both, 'x2'), await found(url, titles, 'moved')], [1, 85, 0])
  await visit({ url, models: titles }, async (db, database) => {
    await db.books.updateWhere({ title: 'Tea 1' }, { title: 'Coffee 1', about: 'none' })
    await database.migrate(await database.plan())
  })
  assert.deepEqual([await found(url, both, 'coffee none'), await found(url, both, 'x1')], [1, 85])
  await visit({ url, models: plain }, async (_db, database) => {
    await database.migrate(await database.plan())
    assert.deepEqual((await database.plan()).steps, [])
    await assert.rejects(_db.books.count({ search: 'tea' }), { code: 'TAPRI_DATA_QUERY' })
  })
  assert.equal(await found(url, both, 'kit coffee'), 0)
  assert.equal(await found(url, both, 'kit tea'), 598)
})

everywhere('words are found after renames of their fields and model, whatever the order of the names', async (url) => {
  const renamed = {
    works: model(
      { zeal: was('about', optional(text())), name: was('title', text()), size: fields.size },
      { search: ['name', 'zeal'], was: 'books' },
    ),
  }
  const swapped = {
    works: model(
      { also: was('name', text()), zeal: optional(text()), size: fields.size },
      { search: ['zeal', 'also'], was: 'books' },
    ),
  }
  await visit({ url, models: both }, (db) => db.books.createMany(rows.slice(0, 9)))
  await visit({ url, models: renamed }, async (db, database) => {
    assert.deepEqual((await database.plan()).steps, [])
    await db.works.create({ name: 'tea new', zeal: 'kit' })
    await db.works.deleteWhere({ name: 'Tea 2' })
    assert.deepEqual([await db.works.count({ search: 'tea kit' }), await db.works.count({ search: 'tea x2' })], [9, 0])
  })
  await visit({ url, models: swapped }, async (db, database) => {
    assert.deepEqual((await database.plan()).steps, [])
    await db.works.updateWhere({ also: 'Tea 3' }, { also: 'Milk', zeal: null })
    assert.deepEqual([await db.works.count({ search: 'kit tea' }), await db.works.count({ search: 'milk' })], [8, 1])
  })
})

everywhere('a table that is changed while rows are gone keeps the words of each row', async (url) => {
  const users = model({ name: text() })
  const owned = { users, books: model({ ...fields, owner: optional(belongsTo('users')) }, { search: ['title', 'about'] }) }
  const other = {
    users,
    books: model(
      { ...fields, about: text({ default: 'filled' }), owner: optional(belongsTo('users')) },
      { search: ['title', 'about'] },
    ),
  }
  const ids = await visit({ url, models: both }, async (db) => {
    const made = await db.books.createMany(rows.slice(0, 20))
    await db.books.deleteWhere({ id: { in: made.slice(0, 10).map(({ id }: { id: string }) => id) } })
    await db.books.updateWhere({ title: 'Tea 15' }, { about: null })
    return made.map(({ id }: { id: string }) => id)
  })
  for (const models of [owned, other]) {
    await visit({ url, models }, async (db) => {
      for (const at of [10, 14, 19]) {
        assert.deepEqual(
          (await db.books.find({ search: `tea ${at}` })).map(({ id }: { id: string }) => id),
          [ids[at]],
        )
      }
      assert.equal(await db.books.count({ search: 'kit' }), 9)
      await db.books.updateWhere({ title: 'Tea 11' }, { size: 1 })
    })
  }
})

everywhere('an index of words that somebody has dropped is missed, and made anew with the words of all rows', async (url) => {
  await visit({ url, models: both }, (db) => db.books.createMany(rows.slice(0, 5)))
  const driver = await openDriver(url, { clock: systemClock, fail: assert.fail })
  const index = (await driver.tables()).find(({ name }) => name === 'books')?.indexes.find(({ words }) => words)
  assert.deepEqual(index?.columns, ['tapri_words_about', 'tapri_words_title'])
  const action: MigrationAction = { kind: 'drop index', table: 'books', index }
  await driver.exclusively(() => driver.migrate([action], ['drop it'], 1), { migrates: true })
  await driver.close()
  await visit({ url, models: both, migrate: 'plan' }, async (_db, database) => {
    const { steps } = await database.plan()
    const column = (name: string) => [
      `drop the column "${name}" of "books", to fill it anew`,
      `add the column "${name}" of "books"`,
    ]
    assert.deepEqual(summaries(steps), [
      ...column('tapri_words_title'),
      ...column('tapri_words_about'),
      'add the word index on tapri_words_about, tapri_words_title of "books"',
    ])
    assert.ok(steps.every(({ safe, needed }) => safe && needed))
  })
  assert.deepEqual([await found(url, both, 'tea x4'), await found(url, both, 'kit')], [1, 5])
})
