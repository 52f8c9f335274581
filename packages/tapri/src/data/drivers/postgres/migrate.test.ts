import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import pg from 'pg'
import { manualClock } from '../../../kit/clock.ts'
import { TapriError } from '../../../kit/errors.ts'
import { belongsTo, type Database, int, type Models, model, openDatabase, optional, text } from '../../index.ts'
import { scratchPostgres } from './scratch.ts'

const server = process.env.TEST_POSTGRES_URL ?? ''
const skip = server === '' ? 'set TEST_POSTGRES_URL' : false

interface Schema {
  readonly clock: ReturnType<typeof manualClock>
  /** Connections beside the app's own. */
  readonly client: pg.Client
  readonly other: pg.Client
  open(models: Models, migrate?: 'auto' | 'plan'): Promise<Opened>
}

/** The models of each opening are its own, so `db` has no types. */
interface Opened extends AsyncDisposable {
  readonly database: Database
  readonly db: any
}

function claim(text: string, check: (schema: Schema) => Promise<void>): void {
  test(text, { skip }, async () => {
    const scratch = await scratchPostgres(server)
    const name = new URL(scratch.url).searchParams.get('schema') ?? ''
    const connect = () => new pg.Client({ connectionString: server, options: `-c search_path=${name}` })
    const [client, other] = [connect(), connect()]
    const clock = manualClock()
    try {
      await Promise.all([client.connect(), other.connect()])
      const open: Schema['open'] = async (models, migrate = 'auto') => {
        const database = await openDatabase({ models, policies: [], url: scratch.url, migrate, clock })
        return { database, db: database.asSystem, [Symbol.asyncDispose]: () => database.close() }
      }
      await check({ clock, client, other, open })
    } finally {
      await Promise.all([client.end(), other.end()])
      await scratch.dispose()
    }
  })
}

const users = model({ name: text() })
const small = { notes: model({ word: text(), number: int({ default: 0 }) }) }
const indexed = { notes: model({ word: text(), number: int({ default: 0 }) }, { unique: [['word']] }) }

const fill = "insert into notes (id, word, number) select 'n' || n, 'w' || n, 0 from generate_series(1, 100001) n"

claim('a column with a default comes to a large table without writing its rows', async ({ client, open }) => {
  {
    await using _made = await open(small)
    await client.query(fill)
  }
  const place = async () => (await client.query("select pg_relation_filenode('notes') as node")).rows[0].node
  const before = await place()
  await using opened = await open({
    notes: model({ word: text(), number: int({ default: 0 }), state: text({ default: 'new' }) }),
  })
  assert.equal(await place(), before)
  assert.equal(await opened.db.notes.count({ where: { state: 'new' } }), 100_001)
})

claim('an index of a large table is made while others write', async ({ client, other, open }) => {
  {
    await using _made = await open(small)
    await client.query(fill)
  }
  await using opened = await open(indexed, 'plan')
  const plan = await opened.database.plan()
  assert.deepEqual(
    plan.steps.map(({ summary, cost, live }) => [summary, cost, live]),
    [['add the unique index on word of "notes"', 'made while others read and write', true]],
  )
  // one that was begun and not ended is in nobody's way
  await client.query("insert into notes (id, word, number) values ('twin', 'w1', 0)")
  await assert.rejects(client.query('create unique index concurrently tapri_notes_word_unique on notes (word)'))
  await assert.rejects(opened.database.migrate(plan), {
    code: 'TAPRI_DATA_MIGRATION',
    message: /values of word in "notes" occur more than once/,
  })
  await client.query("delete from notes where id = 'twin'")

  await client.query("begin; update notes set number = 1 where id = 'n1'")
  const migrated = opened.database.migrate(plan)
  await waitFor(other, "select 1 from pg_stat_progress_create_index where command = 'CREATE INDEX CONCURRENTLY'")
  await client.query("update notes set number = 2 where id = 'n2'; commit")
  await migrated
  assert.deepEqual((await opened.database.plan()).steps, [])
  await assert.rejects(opened.db.notes.create({ word: 'w5' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
})

claim('a foreign key holds for new rows at once, and is proved for the others', async ({ client, open }) => {
  {
    await using opened = await open({ users, notes: model({ of: optional(text()) }) })
    const ann = await opened.db.users.create({ name: 'ann' })
    await opened.db.notes.create({ of: ann.id })
  }
  await using opened = await open({ users, notes: model({ of: optional(belongsTo('users')) }) }, 'plan')
  await opened.database.migrate(await opened.database.plan())
  const { rows } = await client.query(
    "select convalidated from pg_constraint where contype = 'f' and conrelid = 'notes'::regclass",
  )
  assert.deepEqual(rows, [{ convalidated: true }])
})

claim('who waits for a table lets go of it, so that others get by, and tries again', async ({ client, other, clock, open }) => {
  {
    await using opened = await open(small)
    await opened.db.notes.create({ word: 'a' })
  }
  await client.query('begin; select * from notes')
  const waiting = open({ notes: model({ word: text(), number: int({ default: 0 }), state: text({ default: 'new' }) }) })
  await waitFor(other, "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter table \"notes\"%'")
  // gave up after the lock timeout, or this would wait behind it for as long as the reader stays
  assert.equal((await other.query('select count(*)::int as count from notes')).rows[0].count, 1)
  await client.query('commit')
  while (!(await Promise.race([waiting.then(() => true), turn()]))) clock.advance(1000)
  await using opened = await waiting
  assert.equal((await opened.db.notes.first()).state, 'new')
})

claim('a text too long for an index is refused by its name, its size and the limit', async ({ open }) => {
  await using opened = await open({
    notes: model({ word: text({ unique: true }), body: text({ default: '' }) }, { index: [['body']] }),
  })
  // what repeats is compressed, so only what does not is as long as it looks
  const long = (bytes: number) => randomBytes(Math.ceil(bytes / 2)).toString('hex')
  await opened.db.notes.create({ word: long(2000), body: 'a'.repeat(9000) })
  for (const field of ['word', 'body']) {
    await assert.rejects(opened.db.notes.create({ word: 'b', [field]: long(7000) }), (error) => {
      assert.ok(error instanceof TapriError)
      assert.deepEqual([error.code, error.status], ['TAPRI_DATA_TOO_LONG', 422])
      assert.match(error.message, new RegExp(`^Cannot save in notes: ${field} would take \\d{4} bytes in an index, at most 2704`))
      assert.deepEqual(
        error.issues?.map(({ path }) => path),
        [[field]],
      )
      return true
    })
  }
  // of a still longer one the server does not say which it was
  await assert.rejects(opened.db.notes.create({ word: long(9900) }), {
    code: 'TAPRI_DATA_TOO_LONG',
    message: /notes: word or body would/,
  })
  assert.equal(await opened.db.notes.count(), 1)
})

async function turn(): Promise<false> {
  await new Promise((resolve) => setImmediate(resolve))
  return false
}

/** Asks the server until it has rows; the server is where the waiting is seen. */
async function waitFor(client: pg.Client, query: string): Promise<void> {
  while ((await client.query(query)).rowCount === 0) await client.query('select pg_sleep(0.01)')
}
