import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { belongsTo, bool, float, hasMany, int, model, openDatabase, optional, text, time } from '../index.ts'

const refused = { code: 'TAPRI_DATA_MIGRATION' }
const notes = { text: text(), stars: int({ default: 0 }) }

async function inFolder(
  work: (open: (models: any, migrate?: any) => ReturnType<typeof openDatabase>, path: string) => Promise<void>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const path = join(folder, 'app.db')
  const open = (models: any, migrate: any = 'auto') =>
    openDatabase({ models, policies: [], url: `sqlite:${path}?synchronous=off`, migrate })
  try {
    await work(open, path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Opens, works, closes: like one run of an app. */
async function run<T>(
  opening: ReturnType<typeof openDatabase>,
  work: (db: any, database: Awaited<typeof opening>) => Promise<T>,
): Promise<T> {
  const database = await opening
  try {
    return await work(database.asSystem, database)
  } finally {
    await database.close()
  }
}

const summaries = (steps: readonly { summary: string }[]) => steps.map(({ summary }) => summary)

test('what loses nothing is applied by itself, and the rows stay', () =>
  inFolder(async (open) => {
    const id = await run(open({ notes: model(notes) }), async (db) => (await db.notes.create({ text: 'a' })).id)
    const more = {
      text: optional(text()),
      stars: float({ default: 0 }),
      done: bool({ default: true }),
      word: text({ default: "it's" }),
      at: time({ default: 'now' }),
      parent: optional(belongsTo('notes')),
      children: hasMany('notes', 'parent'),
    }
    await run(
      open({
        notes: model(more, { unique: [['text', 'stars']], index: [['done']] }),
        tags: model({ name: text({ unique: true }) }),
      }),
      async (db, database) => {
        const note = await db.notes.get(id)
        assert.deepEqual([note.text, note.stars, note.done, note.word, note.parent], ['a', 0, true, "it's", null])
        assert.ok(note.at instanceof Date)
        await db.notes.create({ text: null, stars: 1.5, parent: id })
        await assert.rejects(db.notes.create({ text: 'a', stars: 0 }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
        assert.deepEqual((await database.plan()).steps, [])
      },
    )
    await run(open({ notes: model(more), tags: model({ name: text() }) }), async (db, database) => {
      assert.deepEqual((await database.plan()).steps, [])
      await db.notes.create({ text: 'a', stars: 0 })
    })
  }))

test('a database that is up to date is opened without a change, and nothing is recorded twice', () =>
  inFolder(async (open, path) => {
    for (let time = 0; time < 3; time++) await run(open({ notes: model(notes) }), async () => {})
    await run(open({ notes: model(notes) }, 'refuse'), async () => {})
    const database = new DatabaseSync(path)
    assert.equal(database.prepare('SELECT * FROM tapri_migrations').all().length, 1)
    assert.equal(database.prepare("SELECT strict FROM pragma_table_list WHERE name = 'notes'").get()?.strict, 1)
    database.close()
  }))

test('a field that no model has any more stays in the database and in nobody’s way', () =>
  inFolder(async (open) => {
    await run(open({ notes: model(notes), old: model({ name: text() }) }), (db) => db.notes.create({ text: 'kept', stars: 5 }))
    await run(open({ notes: model({ stars: int({ default: 0 }) }) }), async (db, database) => {
      await db.notes.create({})
      const { steps } = await database.plan()
      assert.deepEqual(summaries(steps), ['drop the column "text" of "notes"', 'drop the table "old"'])
      assert.deepEqual(
        steps.map(({ safe, needed }) => [safe, needed]),
        [
          [false, false],
          [false, false],
        ],
      )
      assert.match(steps[0]?.loses ?? '', /1 row/)
    })
    await run(open({ notes: model({ text: optional(text()), stars: int() }) }, 'refuse'), async (db) => {
      assert.deepEqual(
        (await db.notes.find()).map((row: any) => row.text),
        ['kept', null],
      )
    })
  }))

test('what loses something is listed and applied only when asked for', () =>
  inFolder(async (open) => {
    const models = { notes: model(notes), old: model({ name: text() }) }
    await run(open(models), (db) => db.notes.create({ text: 'a', stars: 5 }))
    const next = { notes: model({ stars: optional(text()) }) }
    await assert.rejects(open(next), {
      ...refused,
      message: /change the column "stars" of "notes" from int to text \(loses .*1 row/,
    })
    await run(open(models, 'refuse'), async (db) => assert.equal((await db.notes.first()).stars, 5))

    await run(open(next, 'plan'), async (_db, database) => database.migrate(await database.plan()))
    await run(open(next, 'refuse'), async (db, database) => {
      assert.deepEqual(Object.keys(await db.notes.first()), ['id', 'stars'])
      assert.equal((await db.notes.first()).stars, null)
      assert.deepEqual((await database.plan()).steps, [])
    })
  }))

test('what the rows stand in the way of is refused with what to do, also when asked for', () =>
  inFolder(async (open) => {
    const first = { notes: model({ text: optional(text()), ref: optional(text()) }) }
    await run(open(first), async (db) => {
      await db.notes.create({ text: 'a', ref: 'nothing' })
      await db.notes.create({ text: 'a' })
      await db.notes.create({})
    })
    const blocked: [any, RegExp][] = [
      [{ text: text() }, /required: it is null in 1 row/],
      [{ text: optional(text({ unique: true })) }, /1 values of text occur more than once/],
      [{ more: int() }, /3 rows would have no value/],
      [{ ref: optional(belongsTo('notes')) }, /1 row would refer to a row of "notes" that is not there/],
      [{ text: int() }, /make it optional/],
    ]
    for (const [shape, message] of blocked) {
      const models = { notes: model({ text: optional(text()), ref: optional(text()), ...shape }) }
      await assert.rejects(open(models), { ...refused, message })
      const asked = run(open(models, 'plan'), async (_db, database) => database.migrate(await database.plan()))
      await assert.rejects(asked, { ...refused, message })
    }
    const filled = { notes: model({ text: text({ default: 'none' }), ref: optional(text()) }) }
    await run(open(filled), async (db) =>
      assert.deepEqual(
        (await db.notes.find()).map((row: any) => row.text),
        ['a', 'a', 'none'],
      ),
    )
  }))

test('a table is rebuilt with its relations, both ways', () =>
  inFolder(async (open) => {
    const users = model({ name: text(), age: int() })
    const posts = model({ text: text(), author: belongsTo('users', { onDelete: 'cascade' }) })
    await run(open({ users, posts }), async (db) => {
      const ann = await db.users.create({ name: 'ann', age: 5 })
      await db.posts.create({ text: 'hi', author: ann.id })
    })
    const changed = {
      users: model({ name: optional(text()), age: float() }),
      posts: model({ text: optional(text()), author: belongsTo('users', { onDelete: 'cascade' }) }),
    }
    await run(open(changed), async (db) => {
      const [post] = await db.posts.find({ with: { author: true } })
      assert.deepEqual([post.text, post.author.name, post.author.age], ['hi', 'ann', 5])
      await assert.rejects(db.posts.create({ author: post.id }), { code: 'TAPRI_DATA_NO_SUCH_ROW' })
      await db.users.delete(post.author.id)
      assert.equal(await db.posts.count(), 0)
    })
  }))

test('production applies nothing by itself and says what to run', () =>
  inFolder(async (open) => {
    await assert.rejects(open({ notes: model(notes) }, 'refuse'), {
      ...refused,
      message: /run "tapri migrate".*\n.*create the table "notes"/,
    })
    await run(open({ notes: model(notes) }, 'plan'), async (_db, database) => {
      const plan = await database.plan()
      assert.deepEqual(summaries(plan.steps), ['create the table "notes"'])
      await database.migrate(plan)
    })
    await run(open({ notes: model(notes) }, 'refuse'), (db) => db.notes.create({ text: 'a' }))
  }))

test('tables and indexes that somebody else made are left alone', () =>
  inFolder(async (open, path) => {
    await run(open({ notes: model(notes) }), async () => {})
    const database = new DatabaseSync(path)
    database.exec('CREATE TABLE theirs (x); CREATE INDEX theirs_notes ON notes (stars); INSERT INTO theirs VALUES (1)')
    database.close()
    await run(open({ notes: model({ text: text(), stars: float({ default: 0 }) }) }), async (_db, opened) => {
      assert.deepEqual((await opened.plan()).steps, [])
    })
    const again = new DatabaseSync(path)
    assert.equal(again.prepare('SELECT count(*) AS n FROM theirs').get()?.n, 1)
    assert.equal(again.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'theirs_notes'").get()?.n, 1)
    again.close()
  }))

test('a unique field is no way to give every row the same value', () =>
  inFolder(async (open) => {
    await run(open({ notes: model(notes) }), async (db) => {
      await db.notes.create({ text: 'a' })
      await db.notes.create({ text: 'b' })
    })
    const blocked: [any, RegExp][] = [
      [model({ ...notes, code: text({ default: 'x', unique: true }) }), /2 rows would have the same code: make it optional/],
      [
        model({ ...notes, code: int({ default: 1 }) }, { unique: [['code', 'stars']] }),
        /1 values of code, stars occur more than once/,
      ],
    ]
    for (const [models, message] of blocked) {
      await assert.rejects(open({ notes: models }), { ...refused, message })
      await run(open({ notes: models }, 'plan'), async (_db, database) => {
        const { steps } = await database.plan()
        assert.deepEqual(
          steps.map(({ safe, blocked }) => [safe, blocked === undefined]),
          [
            [true, true],
            [false, false],
          ],
        )
        await assert.rejects(database.migrate({ steps }), { ...refused, message })
      })
    }
    // together with what tells the rows apart, and where null is equal to nothing, it is
    await run(open({ notes: model({ ...notes, code: int({ default: 1 }) }, { unique: [['code', 'text']] }) }), async () => {})
    await run(open({ notes: model({ ...notes, other: optional(text({ unique: true })) }) }), async () => {})
  }))
