import assert from 'node:assert/strict'
import { test } from 'node:test'
import { belongsTo, hasMany, manyToMany, model, optional, type Policy, text } from './index.ts'
import { openDatabase } from './open.ts'

const models = {
  people: model({ name: text(), books: hasMany('books', 'author'), secrets: hasMany('secrets', 'of') }),
  books: model({
    title: text(),
    author: belongsTo('people', { onDelete: 'cascade' }),
    sequelTo: optional(belongsTo('books', { onDelete: 'cascade' })),
    shelves: manyToMany('shelves'),
    secret: optional(belongsTo('secrets', { onDelete: 'cascade' })),
  }),
  shelves: model({ name: text(), books: manyToMany('books') }),
  secrets: model({
    text: text(),
    of: belongsTo('people', { onDelete: 'cascade' }),
    book: optional(belongsTo('books', { onDelete: 'cascade' })),
  }),
}
type Seen = Pick<typeof models, 'people' | 'books' | 'shelves'>
const policies: Policy[] = [
  { model: 'people', rules: { read: () => true } },
  // a rule is the app's own word: it looks where the part that asks does not
  { model: 'books', rules: { read: ({ rows }: { rows: (where: object) => never }) => rows({ secret: { text: 'tea' } }) } },
  { model: 'shelves', rules: { read: () => true } },
]

async function openLibrary() {
  const database = await openDatabase({ models, policies, url: 'sqlite::memory:', migrate: 'auto' })
  const all = database.systemDb<typeof models>()
  const ann = await all.people.create({ name: 'Ann' })
  const secret = await all.secrets.create({ text: 'tea', of: ann.id })
  const first = await all.books.create({ title: 'Kites', author: ann.id, secret: secret.id })
  const second = await all.books.create({ title: 'More kites', author: ann.id, sequelTo: first.id })
  await all.secrets.update(secret.id, { book: second.id })
  await all.shelves.create({ name: 'Sky', books: { add: [first.id] } })
  const narrow = database.narrow(new Set(['people', 'books', 'shelves']))
  return { database, all, first, narrow, [Symbol.asyncDispose]: () => database.close() }
}

test('a part of the app has the tables that it sees, in transactions and as the system too', async () => {
  await using library = await openLibrary()
  const caller = library.narrow.asCaller<Seen>({ user: null })
  const tables = (db: object) => Object.keys(models).filter((name) => name in db)
  assert.deepEqual(tables(caller), ['people', 'books', 'shelves'])
  assert.deepEqual(tables(caller.asSystem('look around')), ['people', 'books', 'shelves'])
  assert.deepEqual(await caller.transaction(async (db) => tables(db)), ['people', 'books', 'shelves'])
  assert.deepEqual(tables(library.narrow.asSystem), ['people', 'books', 'shelves'])
})

test('relations are followed as far as the part sees, however deep', async () => {
  await using library = await openLibrary()
  const db = library.narrow.systemDb<Seen>()
  const [shelf] = await db.shelves.find({ with: { books: { with: { author: true } } } })
  assert.deepEqual(
    shelf?.books.map(({ title, author }) => [title, author.name]),
    [['Kites', 'Ann']],
  )
  const untyped: any = db
  await assert.rejects(untyped.people.find({ with: { secrets: true } }), { message: /no relation "secrets" here, only books/ })
  await assert.rejects(untyped.shelves.find({ with: { books: { with: { secret: true } } } }), { code: 'TAPRI_DATA_QUERY' })
  await assert.rejects(untyped.books.find({ where: { secret: { text: 'tea' } } }), { code: 'TAPRI_DATA_QUERY' })
  await assert.rejects(untyped.people.find({ where: { secrets: { some: {} } } }), { code: 'TAPRI_DATA_QUERY' })
  await assert.rejects(
    untyped.raw.read({ reads: ['secrets'] }, () => 1),
    { code: 'TAPRI_DATA_RAW' },
  )
})

test('policies are the same for every part', async () => {
  await using library = await openLibrary()
  const titles = (await library.narrow.asCaller<Seen>({ user: null }).books.find()).map(({ title }) => title)
  assert.deepEqual(titles, ['Kites'])
})

test('a row takes others with it wherever they are, in a ring too, and the change log tells each once', async () => {
  await using library = await openLibrary()
  const changes: string[] = []
  library.database.changes.subscribe((commit) => changes.push(...commit.changes.map(({ model }) => model)))
  await library.narrow.systemDb<Seen>().books.delete(library.first.id)
  assert.deepEqual(changes.sort(), ['books', 'books', 'books_shelves', 'secrets'])
  assert.deepEqual([await library.all.books.count(), await library.all.secrets.count()], [0, 0])
})
