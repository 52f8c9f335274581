import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Db, type Document, MongoClient } from 'mongodb'
import { type Database, float, int, json, list, model, openDatabase, optional, text, time } from '../../index.ts'
import { scratchMongo } from './scratch.ts'

const server = process.env.TEST_MONGODB_URL ?? ''
const skip = server === '' ? 'set TEST_MONGODB_URL' : false
const models = {
  notes: model(
    {
      text: text({ max: 40_000_000 }),
      key: optional(text({ unique: true })),
      whole: int({ default: 1 }),
      part: float({ default: 1 }),
      at: time({ default: 'now' }),
      extra: optional(json()),
      items: optional(list(int())),
    },
    { search: ['key'], unique: [['whole', 'key']] },
  ),
}
type Models = typeof models

interface Place {
  readonly url: string
  readonly database: Database
  /** The documents as they are stored. */
  readonly db: Db
}

function claim(text: string, check: (place: Place) => Promise<void>): void {
  test(text, { skip }, async () => {
    const scratch = await scratchMongo(server)
    const client = new MongoClient(scratch.url)
    const database = await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })
    try {
      await check({ url: scratch.url, database, db: client.db() })
    } finally {
      await database.close()
      await client.close()
      await scratch.dispose()
    }
  })
}

const notesOf = ({ database }: Place) => database.systemDb<Models>().notes
const kinds = { promoteValues: false } as const
const shown = (document: Document | null) => JSON.stringify(document)

claim('whole numbers, fractions, moments and words are stored as what they are', async (place) => {
  const note = await notesOf(place).create({ text: 'a', key: 'Green Téa', at: new Date(5) })
  const raw = await place.db.collection<any>('notes').findOne({ _id: note.id }, kinds)
  assert.deepEqual([raw.whole._bsontype, raw.part._bsontype, raw.at], ['Long', 'Double', new Date(5)])
  assert.deepEqual([raw.tapri_words_key, raw.extra, raw.items], [['green', 'tea'], null, null])
})

claim('JSON keeps names with dots and dollars, and paths find them', async (place) => {
  const notes = notesOf(place)
  const extra = { 'a.b': { $gt: [1, { c: 'x' }] }, '': null, '2': '2', '1': 1.5, __proto__x: true }
  const { id } = await notes.create({ text: 'a', extra })
  assert.equal(JSON.stringify((await notes.get(id)).extra), JSON.stringify(extra))
  const count = (path: (string | number)[], equals: any) => notes.count({ where: { extra: { path, equals } } })
  assert.equal(await count(['a.b', '$gt', 1, 'c'], 'x'), 1)
  assert.equal(await count(['a.b', '$gt', 0], 1), 1)
  assert.equal(await count(['a.b', '$gt', 0], '1'), 0)
  assert.equal(await count(['a.b', '$gt'], null), 0)
  assert.equal(await count(['a', 'b'], null), 1)
})

claim('texts are found by parts too long for a pattern', async (place) => {
  const notes = notesOf(place)
  const long = 'é.'.repeat(20_000)
  await notes.create({ text: `${long}!` })
  await notes.create({ text: `!${long}` })
  await notes.create({ text: '!' })
  const count = (text: object) => notes.count({ where: { text } })
  assert.deepEqual(
    [await count({ contains: long }), await count({ startsWith: long }), await count({ endsWith: long })],
    [2, 1, 1],
  )
  assert.equal(await notes.count({ where: { not: { text: { startsWith: long } } } }), 2)
})

claim('a row of more than 16 MB is refused with the limit, nothing of it is left, and writes go on', async (place) => {
  const notes = notesOf(place)
  for (const size of [17_000_000, 33_000_000]) {
    const writing = notes.create({ text: 'x'.repeat(size) })
    await assert.rejects(writing, { code: 'TAPRI_DATA_QUERY', message: /16 MB/ }, String(size))
  }
  assert.equal(await notes.count(), 0)
  await notes.create({ text: 'a' })
  assert.equal((await place.database.changes.since(0, 10)).length, 1)
})

claim('a commit that changes more than one document holds is told whole', async (place) => {
  const notes = notesOf(place)
  const heard: number[] = []
  place.database.changes.subscribe(({ changes }) => heard.push(changes.length))
  const rows = await notes.createMany(Array.from({ length: 3 }, (_, index) => ({ text: `${index}🏆`.repeat(700_000) })))
  const [commit] = await place.database.changes.since(0, 10)
  assert.deepEqual(
    commit?.changes.map(({ after }) => after),
    rows,
  )
  assert.deepEqual(heard, [3])
  assert.ok((await place.db.collection('tapri_pieces').countDocuments()) > 0)
})

claim('an inner transaction that fails leaves the documents as they were, to the kind of each number', async (place) => {
  const db = place.database.systemDb<Models>()
  const kept = await db.notes.create({ text: 'kept', key: 'k', items: [1, 2], extra: { a: 1 } })
  const gone = await db.notes.create({ text: 'gone', whole: 2 ** 40 })
  const all = () => place.db.collection('notes').find({}, kinds).sort({ _id: 1 }).toArray()
  const before = (await all()).map(shown)
  await db.transaction(async (outer) => {
    const inner = outer.transaction(async (nested) => {
      await nested.notes.update(kept.id, { text: 'changed', key: 'other', items: null, part: 2.5, extra: null })
      await nested.notes.delete(gone.id)
      await nested.notes.create({ text: 'new', key: 'k' })
      throw new Error('no')
    })
    await assert.rejects(inner, /no/)
    await assert.rejects(outer.notes.create({ text: 'twin', key: 'k' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
  })
  assert.deepEqual((await all()).map(shown), before)
})

claim('of writes of one moment those that are refused leave the others', async (place) => {
  const notes = notesOf(place)
  const keys = ['a', 'b', 'a', 'c', 'b', 'd']
  const outcomes = await Promise.allSettled(keys.map((key) => notes.create({ text: 'x', key })))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 4)
  assert.deepEqual(
    (await notes.find({ orderBy: 'key' })).map(({ key }) => key),
    ['a', 'b', 'c', 'd'],
  )
  const told = (await place.database.changes.since(0, 10)).flatMap(({ changes }) => changes.map(({ after }) => after?.key))
  assert.deepEqual(told.toSorted(), ['a', 'b', 'c', 'd'])
})

claim('documents of another form than the model’s are refused by the server, whoever writes them', async ({ db }) => {
  const good = { text: 'a', key: null, part: 1.5, at: new Date(), extra: null, items: null, tapri_words_key: [] }
  const writing = db.collection<any>('notes').insertOne({ _id: 'x', ...good, whole: 'many' })
  await assert.rejects(writing, { code: 121 })
})

claim('an index that somebody has dropped is made again by the next start', async ({ database, url, db }) => {
  await db.collection('notes').dropIndex('tapri_notes_key_unique')
  assert.equal((await database.plan()).steps.length, 1)
  const next = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  const { notes } = next.systemDb<Models>()
  await notes.create({ text: 'a', key: 'same' })
  await assert.rejects(notes.create({ text: 'b', key: 'same', whole: 7 }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
  assert.deepEqual((await next.plan()).steps, [])
  await next.close()
})

claim('a migration that was cut off is ended by the next start, from where it was', async ({ url, db, database }) => {
  await notesOf({ url, db, database }).create({ text: 'a' })
  const column = (name: string) => ({ name, type: 'int', nullable: true })
  const actions = ['one', 'two'].map((name) => ({ kind: 'add column', table: 'notes', column: column(name), fill: 7 }))
  // as a process leaves it that was killed after its first step, and in the middle of the second
  const plan = JSON.stringify({ actions, summaries: ['add two columns'], at: 5 })
  await db.collection('notes').updateOne({ two: { $exists: false } }, { $set: { one: 1, two: 2 } })
  await db.collection<any>('tapri_meta').insertOne({ _id: 'migration', plan, done: 0 })
  const next = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  const [note] = await db.collection('notes').find().toArray()
  assert.deepEqual([note?.one, note?.two], [1, 2])
  assert.equal(await db.collection<any>('tapri_meta').countDocuments({ _id: 'migration' }), 0)
  const records = await db.collection('tapri_migrations').find().sort({ _id: -1 }).toArray()
  assert.match(String(records[0]?.steps), /add two columns/)
  const names = (await next.plan()).steps.map(({ summary }) => summary)
  assert.deepEqual(names, ['drop the column "one" of "notes"', 'drop the column "two" of "notes"'])
  await next.close()
})
