import assert from 'node:assert/strict'
import { test } from 'node:test'
import { belongsTo, type Database, type MigrationFile, migration, model, optional, text, was } from '../index.ts'
import { everywhere, inFile, summaries, visit } from './everywhere.fixture.ts'

const first = { users: model({ name: text({ unique: true }) }) }
const second = { users: model({ name: text({ unique: true }), bio: optional(text()) }) }

const named = (name: string, file: MigrationFile, checksum = name) => ({ name, checksum, file })

/** The file that `write` would make for the models, after others. */
async function written(database: Database, name: string, others: readonly ReturnType<typeof named>[] = []) {
  const { steps } = await database.migrations.beyond(others)
  return named(name, migration({ steps: steps.filter((step) => step.needed).map((step) => step.action) }))
}

everywhere('files are run in their order, once, and then the models fit', async (url) => {
  const one = await visit({ url, models: first, migrate: 'plan' }, async (_db, database) => {
    const file = await written(database, '0001_first')
    assert.deepEqual(await database.migrations.applyFiles([file]), { run: ['0001_first'], adopted: [] })
    return file
  })
  await visit({ url, models: first, migrate: 'refuse' }, (db) => db.users.create({ name: 'ann' }))
  await visit({ url, models: second, migrate: 'plan' }, async (_db, database) => {
    const steps = await written(database, '0002_bio', [one])
    assert.deepEqual(summaries((await database.migrations.beyond([one])).steps), ['add the column "bio" of "users"'])
    const two = named('0002_bio', {
      before: async ({ db }) => assert.equal((await db.users.first()).bio, undefined),
      steps: steps.file.steps,
      after: async ({ db }) => db.users.updateWhere({ bio: null }, { bio: 'new here' }),
    })
    assert.deepEqual(await database.migrations.applyFiles([one, two]), { run: ['0002_bio'], adopted: [] })
    assert.deepEqual(await database.migrations.applyFiles([one, two]), { run: [], adopted: [] })
    const { applied, pending, missing, extra } = await database.migrations.status([one, two])
    assert.deepEqual(
      applied.map(({ file }) => `${file?.name} ${file?.part}`),
      ['0001_first steps', '0002_bio before', '0002_bio steps', '0002_bio after'],
    )
    assert.deepEqual([pending, missing, extra], [[], [], []])
  })
  await visit({ url, models: second, migrate: 'refuse' }, async (db) => {
    assert.equal((await db.users.first()).bio, 'new here')
  })
})

everywhere('a data step that fails leaves the file to be run again from there', async (url) => {
  await visit({ url, models: first }, (db) => db.users.create({ name: 'ann' }))
  await visit({ url, models: second, migrate: 'plan' }, async (_db, database) => {
    const add = { kind: 'add column', table: 'users', column: { name: 'bio', type: 'text', nullable: true }, fill: null } as const
    const runs: string[] = []
    const file = (fails: boolean) =>
      named('0001_bio', {
        before: async () => runs.push('before'),
        steps: [add],
        after: async ({ db }) => {
          runs.push('after')
          if (fails) throw new Error('no bio to be had')
          await db.users.updateWhere({ bio: null }, { bio: 'x' })
        },
      })
    await assert.rejects(database.migrations.applyFiles([file(true)]), {
      code: 'TAPRI_DATA_MIGRATION',
      message: /"after" of "0001_bio" failed: no bio to be had/,
    })
    await database.migrations.applyFiles([file(false)])
    assert.deepEqual(runs, ['before', 'after', 'after'])
  })
  await visit({ url, models: second, migrate: 'refuse' }, async (db) => assert.equal((await db.users.first()).bio, 'x'))
})

test('a file that was changed after it was run is refused by its name', () =>
  inFile((url) =>
    visit({ url, models: first, migrate: 'plan' }, async (_db, database) => {
      const file = await written(database, '0001_first')
      await database.migrations.applyFiles([file])
      await assert.rejects(database.migrations.applyFiles([{ ...file, checksum: 'other' }]), {
        code: 'TAPRI_DATA_MIGRATION',
        message: /"0001_first" was changed after it was applied/,
      })
    }),
  ))

test('files that the rows stand in the way of are refused with the reason, and nothing is done', () =>
  inFile(async (url) => {
    await visit({ url, models: second }, (db) => db.users.create({ name: 'ann' }))
    await visit({ url, models: second, migrate: 'plan' }, async (_db, database) => {
      const column = { name: 'bio', type: 'text', nullable: false } as const
      const file = named('0001_strict', {
        steps: [
          { kind: 'rename table', table: 'users', to: 'people' },
          { kind: 'change column', table: 'people', column, keep: true, fill: null },
        ],
      })
      await assert.rejects(database.migrations.applyFiles([file]), { message: /it is null in 1 row/ })
      assert.deepEqual((await database.plan()).steps, [])
      assert.deepEqual(await database.migrations.pending([file]), [file])
    })
  }))

test('a database that was made without files and has all that they make takes them as applied', () =>
  inFile(async (url) => {
    await visit({ url, models: second }, (db) => db.users.create({ name: 'ann' }))
    await visit({ url, models: second, migrate: 'plan' }, async (_db, database) => {
      const file = await written(database, '0001_first')
      assert.deepEqual(await database.migrations.applyFiles([file]), { run: [], adopted: ['0001_first'] })
      assert.deepEqual(await database.migrations.pending([file]), [])
      const next = named('0002_more', {
        steps: [{ kind: 'rename column', table: 'users', column: 'bio', to: 'about' }],
      })
      assert.deepEqual(await database.migrations.applyFiles([file, next]), { run: ['0002_more'], adopted: [] })
    })
    const today = { users: model({ name: text({ unique: true }), about: was('bio', optional(text())) }) }
    await visit({ url, models: today, migrate: 'refuse' }, (db) => db.users.create({ name: 'bob', about: 'me' }))
  }))

test('status tells what no model asks for and what was made by hand', () =>
  inFile(async (url) => {
    await visit({ url, models: { ...second, notes: model({ of: belongsTo('users') }) } }, async () => {})
    await visit({ url, models: second, migrate: 'plan' }, async (_db, database) => {
      const index = { name: 'mine', columns: ['name'], unique: false }
      const byHand = named('0001_by_hand', {
        steps: [
          { kind: 'add index', table: 'users', index },
          { kind: 'add column', table: 'users', column: { name: 'age', type: 'int', nullable: true }, fill: null },
          { kind: 'drop column', table: 'users', column: 'bio' },
        ],
      })
      await database.migrations.applyFiles([byHand])
      const { missing, extra, gone } = await database.migrations.status([])
      assert.deepEqual(extra, [
        'the table "notes" is in no model',
        'the column "age" of "users" is in no model',
        'the index "mine" of "users" was made by hand',
      ])
      assert.deepEqual(summaries(missing), ['add the column "bio" of "users"'])
      assert.deepEqual(gone, ['0001_by_hand'])
    })
  }))

test('the text of a file reads as the steps that it takes', () =>
  inFile((url) =>
    visit({ url, models: first, migrate: 'plan' }, async (_db, database) => {
      const { steps } = await database.migrations.beyond([])
      assert.equal(
        database.migrations.write(steps),
        `import { migration } from 'tapri/data'

export default migration({
  steps: [
    // create the table "users"
    {
      kind: 'create table',
      table: {
        name: 'users',
        columns: [
          { name: 'id', type: 'text', nullable: false },
          { name: 'name', type: 'text', nullable: false },
        ],
        indexes: [
          { name: 'tapri_users_name_unique', columns: ['name'], unique: true },
        ],
      },
    },
  ],
})
`,
      )
    }),
  ))
