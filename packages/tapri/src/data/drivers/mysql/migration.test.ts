import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Driver } from '../../driver.ts'
import { belongsTo, int, json, model, optional, text } from '../../index.ts'
import type { MigrationAction } from '../../migration/state.ts'
import { manyModels } from './migrating.fixture.ts'
import { openMysql } from './open.ts'
import { claim } from './servers.fixture.ts'

const notes = { notes: model({ text: text({ unique: true }) }) }

claim('a migration that was killed at any moment is completed by the next start', notes, async ({ url, connect, open }) => {
  const admin = await connect()
  for (const tables of [1, 3, 6]) {
    await admin.query('set foreign_key_checks = 0')
    const [known] = await admin.query({ sql: 'show tables', rowsAsArray: true })
    for (const [name] of known as [string][]) await admin.query(`drop table ${name}`)
    const script = fileURLToPath(new URL('migrating.fixture.ts', import.meta.url))
    const child = spawn(process.execPath, [script, url], { stdio: 'ignore' })
    const count = "select count(*) from information_schema.tables where table_schema = database() and table_name like 'table%'"
    for (let made = 0; made < tables; ) {
      assert.equal(child.exitCode, null)
      const [rows] = await admin.query({ sql: count, rowsAsArray: true })
      made = (rows as [number][])[0]?.[0] ?? 0
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
    const database = await open({ models: manyModels })
    assert.deepEqual((await database.plan()).steps, [])
    const { table0, table1 } = database.systemDb<{ table0: any; table1: any }>()
    const row = await table1.create({ name: 'a' })
    await table0.create({ name: 'a', next: row.id })
    await assert.rejects(table0.create({ name: 'a' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
    const references = 'select count(*) from information_schema.referential_constraints where constraint_schema = database()'
    // and those of the words of each table
    assert.deepEqual((await admin.query({ sql: references, rowsAsArray: true }))[0], [[12]])
    assert.deepEqual([await table0.count({ search: 'a' }), await table1.count({ search: 'a' })], [1, 1])
    await database.close()
  }
})

function column(name: string, more: object = {}) {
  return { name, type: 'text', nullable: false, ...more } as const
}

async function applied(driver: Driver, actions: readonly MigrationAction[]): Promise<void> {
  await driver.exclusively(() => driver.migrate(actions, ['some steps'], 5))
}

claim('steps that were done are not done again, though later ones have taken their names', notes, async ({ url, connect }) => {
  const driver = await openMysql(url)
  const admin = await connect()
  const table = { name: 'a', columns: [column('id'), column('word')], indexes: [], ours: true }
  await applied(driver, [{ kind: 'create table', table }])
  await admin.query("insert into a (id, word) values ('1', 'x'), ('2', 'x')")
  const index = { name: 'tapri_b_word_unique', columns: ['word'], unique: true }
  const steps: MigrationAction[] = [
    { kind: 'rename table', table: 'a', to: 'b' },
    { kind: 'create table', table },
    { kind: 'add index', table: 'b', index },
  ]
  await assert.rejects(applied(driver, steps))
  await admin.query("update b set word = 'y' where id = '2'")
  await applied(driver, steps)
  const tables = await driver.tables()
  assert.deepEqual(
    tables.map(({ name, indexes }) => [name, indexes]),
    [
      ['a', []],
      ['b', [index]],
    ],
  )
  assert.deepEqual(
    (await driver.migrations()).map(({ summaries }) => summaries),
    [['some steps'], ['some steps']],
  )
  await driver.close()
})

const shelf = {
  books: model({ title: text({ unique: true }), shelf: optional(belongsTo('shelves')), pages: int() }, { index: [['pages']] }),
  shelves: model({ name: text() }),
}

claim('columns change their kind, their index and what they refer to, and the rows stay', shelf, async ({ open, system }) => {
  const first = system(await open())
  const { id } = await first.shelves.create({ name: 'a' })
  const book = await first.books.create({ title: 'b'.repeat(1000), shelf: id, pages: 5 })
  const shapes: Record<string, any>[] = [
    // no reference any more: the ids are texts; a text that is not unique has no hash
    { title: text(), shelf: optional(text()), pages: int() },
    { title: text({ unique: true }), shelf: optional(belongsTo('shelves')), pages: int({ default: 1 }) },
    { title: text(), shelf: optional(belongsTo('shelves', { onDelete: 'null' })), pages: int(), more: optional(json()) },
  ]
  for (const [number, shape] of shapes.entries()) {
    const unique = number === 1 ? [['shelf', 'title'] as const, ['title', 'pages'] as const] : []
    const models = { books: model(shape, { unique, index: [['title']] }), shelves: model({ name: text() }) }
    const database = await open({ models })
    const { books } = database.systemDb<{ books: any }>()
    const found = await books.get(book.id)
    assert.deepEqual([found.title, found.shelf, found.pages], [book.title, id, 5])
    const again = books.create({ title: book.title, shelf: id, pages: 5 })
    if (number === 1) await assert.rejects(again, { code: 'TAPRI_DATA_NOT_UNIQUE' })
    else await books.delete((await again).id)
    assert.deepEqual((await database.plan()).steps, [])
    await database.close()
  }
})

claim('a column that is renamed takes its index, its hash and its reference along', shelf, async ({ url, open, system }) => {
  const { id } = await system(await open()).shelves.create({ name: 'a' })
  const driver = await openMysql(url)
  const rename = (from: string, to: string): MigrationAction => ({ kind: 'rename column', table: 'books', column: from, to })
  await applied(driver, [rename('title', 'heading'), rename('shelf', 'place')])
  const books = (await driver.tables()).find(({ name }) => name === 'books')
  assert.deepEqual(books?.columns.find(({ name }) => name === 'place')?.target, 'shelves')
  const unique = books?.indexes.find((index) => index.unique)
  assert.deepEqual(unique?.columns, ['heading'])
  const back = [rename('heading', 'title'), rename('place', 'shelf')]
  await applied(driver, back)
  const again = system(await open())
  await again.books.create({ title: 'x', pages: 1, shelf: id })
  await assert.rejects(again.books.create({ title: 'x', pages: 1 }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
  await driver.close()
})

claim('a migration waits for a change that a killed process has left running', notes, async ({ open, connect }) => {
  const admin = await connect()
  await admin.query("do get_lock(concat('tapri ', left(sha2(database(), 256), 40)), 0)")
  const opening = open()
  const waiting = "select count(*) from information_schema.processlist where db = database() and state = 'User lock'"
  for (let count = 0; count === 0; ) {
    const [rows] = await admin.query({ sql: waiting, rowsAsArray: true })
    count = (rows as [number][])[0]?.[0] ?? 0
  }
  const [tables] = await admin.query({ sql: "show tables like 'notes'", rowsAsArray: true })
  assert.deepEqual(tables, [])
  await admin.query('do release_all_locks()')
  assert.deepEqual((await (await opening).plan()).steps, [])
})

claim('an index is made while others write, and made once', shelf, async ({ url, open, system }) => {
  const { books } = system(await open())
  const driver = await openMysql(url)
  const index = { name: 'tapri_books_pages_title_index', columns: ['pages', 'title'], unique: false }
  const making = driver.addIndexLive?.('books', index)
  await Promise.all(Array.from({ length: 20 }, (_, number) => books.create({ title: String(number), pages: number })))
  await making
  await driver.addIndexLive?.('books', index)
  const made = (await driver.tables()).find(({ name }) => name === 'books')?.indexes.filter(({ name }) => name === index.name)
  assert.deepEqual(made, [index])
  assert.equal(await books.count(), 20)
  await driver.close()
})
