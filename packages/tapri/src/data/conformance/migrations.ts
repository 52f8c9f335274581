import assert from 'node:assert/strict'
import {
  belongsTo,
  bool,
  type Database,
  type DatabaseOptions,
  float,
  hasMany,
  int,
  json,
  list,
  model,
  openDatabase,
  optional,
  text,
  time,
} from '../index.ts'
import { openShelf } from './place.ts'

const notes = { text: text(), stars: int({ default: 0 }) }

/** Opens, works, closes: like one run of an app. */
async function run<T>(
  options: Pick<DatabaseOptions, 'url' | 'models'> & { readonly migrate?: DatabaseOptions['migrate'] },
  // the models of each run are its own
  work: (db: any, database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ policies: [], migrate: 'auto', ...options })
  try {
    return await work(database.asSystem, database)
  } finally {
    await database.close()
  }
}

/** What becomes of data when the app is opened again, with the same models or others. */
export const migrationClaims: Readonly<Record<string, (url: string) => Promise<void>>> = {
  'rows, positions, epoch and cursors outlive a restart': async (url) => {
    const before = await openShelf(url)
    for (const word of ['a', 'b']) await before.system.words.create({ word })
    const { next } = await before.system.words.page({ limit: 1 })
    const { epoch } = before.database.changes
    const position = await before.database.changes.settled()
    await before.database.close()
    await using after = await openShelf(url)
    assert.deepEqual([after.database.changes.epoch, await after.database.changes.settled()], [epoch, position])
    const page = await after.system.words.page({ after: next ?? '' })
    assert.deepEqual(
      page.rows.map(({ word }) => word),
      ['b'],
    )
    assert.deepEqual((await after.database.plan()).steps, [])
  },

  'what loses nothing is applied by itself, and the rows stay': async (url) => {
    const id = await run({ url, models: { notes: model(notes) } }, async (db) => (await db.notes.create({ text: 'a' })).id)
    const more = {
      text: optional(text()),
      stars: float({ default: 0 }),
      done: bool({ default: true }),
      word: text({ default: "it's" }),
      at: time({ default: 'now' }),
      tags: optional(list(text())),
      extra: optional(json()),
      parent: optional(belongsTo('notes')),
      children: hasMany('notes', 'parent'),
      owner: optional(belongsTo('owners')),
    }
    const models = {
      notes: model(more, { unique: [['text', 'stars']], index: [['done']] }),
      owners: model({ name: text({ unique: true }), first: optional(belongsTo('notes')) }),
    }
    await run({ url, models }, async (db, database) => {
      const note = await db.notes.get(id)
      assert.deepEqual([note.text, note.stars, note.done, note.word, note.parent], ['a', 0, true, "it's", null])
      assert.ok(note.at instanceof Date)
      await db.notes.create({ text: null, stars: 1.5, parent: id })
      await assert.rejects(db.notes.create({ text: 'a', stars: 0 }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
      assert.deepEqual((await database.plan()).steps, [])
    })
    const fewer = { notes: model(more), owners: model({ name: text(), first: optional(belongsTo('notes')) }) }
    await run({ url, models: fewer }, async (db) => {
      await db.notes.create({ text: 'a', stars: 0 })
      assert.equal(await db.notes.count(), 3)
    })
  },

  'what loses something is applied only when it was asked for': async (url) => {
    const models = { notes: model(notes), old: model({ note: optional(belongsTo('notes')) }) }
    await run({ url, models }, async (db) => {
      const note = await db.notes.create({ text: 'a', stars: 5 })
      await db.old.create({ note: note.id })
    })
    const next = { notes: model({ stars: optional(text()) }) }
    await assert.rejects(
      run({ url, models: next }, async () => {}),
      {
        code: 'TAPRI_DATA_MIGRATION',
        message: /"stars" of "notes" from int to text \(loses [^()]*1 row/,
      },
    )
    await run({ url, models, migrate: 'refuse' }, async (db) => assert.equal((await db.notes.first()).stars, 5))
    await run({ url, models: next, migrate: 'plan' }, async (_db, database) => database.migrate(await database.plan()))
    await run({ url, models: next, migrate: 'refuse' }, async (db, database) => {
      assert.deepEqual(Object.keys(await db.notes.first()), ['id', 'stars'])
      assert.deepEqual((await database.plan()).steps, [])
    })
  },

  'what the rows stand in the way of is refused and changes nothing': async (url) => {
    const first = { text: optional(text()), ref: optional(text()) }
    await run({ url, models: { notes: model(first) } }, async (db) => {
      await db.notes.create({ text: 'a', ref: 'nothing' })
      await db.notes.create({ text: 'a' })
      await db.notes.create({})
    })
    const blocked: readonly [Record<string, any>, RegExp][] = [
      [{ text: text() }, /it is null in 1 row/],
      [{ text: optional(text({ unique: true })) }, /1 values of text occur more than once/],
      [{ more: int() }, /3 rows would have no value/],
      [{ ref: optional(belongsTo('notes')) }, /1 row would refer to a row of "notes" that is not there/],
    ]
    for (const [shape, message] of blocked) {
      const asked = run({ url, models: { notes: model({ ...first, ...shape }) } }, async () => {})
      await assert.rejects(asked, { code: 'TAPRI_DATA_MIGRATION', message })
    }
    const filled = { notes: model({ ...first, text: text({ default: 'none' }) }) }
    await run({ url, models: filled }, async (db) => {
      const found = await db.notes.find()
      assert.deepEqual(
        found.map((row: { text: string }) => row.text),
        ['a', 'a', 'none'],
      )
    })
  },
}
