import assert from 'node:assert/strict'
import { CompiledQuery } from 'kysely'
import type { Db as Mongo } from 'mongodb'
import mysql from 'mysql2/promise'
import { openCatalog } from '../catalog.ts'
import { model, optional, text } from '../index.ts'
import { everywhere, visit } from '../migration/everywhere.fixture.ts'
import { compileSearch } from '../words.ts'
import { Codec } from './mongodb/codec.ts'
import { selectStages } from './mongodb/select.ts'
import { dialectOf } from './mysql/dialect.ts'
import { mariadb } from './mysql/flavour.ts'
import { dialect as postgres } from './postgres/dialect.ts'
import { Statements } from './sql/statements.ts'
import { dialect as sqlite } from './sqlite/dialect.ts'

const models = { books: model({ title: text(), about: optional(text()) }, { search: ['title', 'about'] }) }
const rows = Array.from({ length: 4000 }, (_, number) => ({
  title: `Title w${number} ${number % 50}`,
  about: `${number % 3 === 0 ? 'tea' : 'milk'} described at some length, so that reading all of it is work: y${number * 7}`,
}))

/** What the database says of how it goes about a search, as one text. */
async function planOf(url: string, search: string): Promise<string> {
  const kind = url.slice(0, url.indexOf(':'))
  const books = openCatalog(models, {}, Date.now).get('books')
  assert.ok(books)
  const condition = compileSearch(books, search)
  const order = [{ column: books.id, down: false }]
  const query = { model: books, columns: [books.id], condition, order, limit: 20, offset: 0 }
  return visit({ url, models }, (_db, database) => {
    const system = database.systemDb<typeof models>()
    if (kind === 'mongodb') {
      const pipeline = selectStages(new Codec({ whole: Number, fraction: Number }), query)
      return system.raw.read({ reads: ['books'] }, async (access) => {
        const { db } = access.mongodb<Mongo, object>()
        const asking = db.collection('books').aggregate(pipeline).explain()
        // a server of the same protocol may not know the command: then the index is there at least
        return JSON.stringify(await asking.catch(() => db.collection('books').indexes()))
      })
    }
    const dialect = { sqlite, postgres }[kind] ?? dialectOf(mariadb)
    const { sql, parameters } = new Statements(dialect).select(query)
    const asked = CompiledQuery.raw(`${kind === 'sqlite' ? 'explain query plan' : 'explain'} ${sql}`, [...parameters])
    return system.raw.read({ reads: ['books'] }, async ({ kysely }) => JSON.stringify((await kysely.executeQuery(asked)).rows))
  })
}

const used: Readonly<Record<string, RegExp>> = {
  sqlite: /SEARCH r USING INTEGER PRIMARY KEY \(rowid=\?\).*SCAN tapri_books_words VIRTUAL TABLE/,
  postgres: /Bitmap Index Scan on tapri_books_words/,
  mysql: /range scan on tapri_books_words using PRIMARY|"table":"tapri_books_words","type":"range"/,
  mongodb: /words_tapri_words_title/,
}

everywhere('a search asks the index of words, and reads no other rows', async (url) => {
  const kind = url.slice(0, url.indexOf(':'))
  await visit({ url, models }, async (db) => {
    await db.books.createMany(rows)
    if (kind === 'postgres') {
      const settle = ["select gin_clean_pending_list('tapri_books_words')", 'analyze books'].map((each) =>
        CompiledQuery.raw(each),
      )
      for (const each of settle) await db.raw.write({ touches: [] }, ({ kysely }: any) => kysely.executeQuery(each))
    }
    assert.equal(await db.books.count({ search: 'w3998 milk' }), 1)
    assert.equal(await db.books.count({ search: 'tea y27993' }), 1)
  })
  if (kind === 'mysql') {
    await using connection = await mysql.createConnection({ uri: url })
    await connection.query('analyze table books, tapri_books_words')
  }
  const plan = await planOf(url, 'w3998 milk')
  assert.match(plan, used[kind] ?? /^$/)
  if (kind === 'sqlite') assert.doesNotMatch(plan, /SCAN r/)
})
