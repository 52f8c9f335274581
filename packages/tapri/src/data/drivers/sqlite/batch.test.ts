import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { manualClock } from '../../../kit/clock.ts'
import { openCatalog } from '../../catalog.ts'
import type { Transaction } from '../../driver.ts'
import { belongsTo, model, openDatabase, text } from '../../index.ts'
import { Statements } from '../sql/statements.ts'
import { Connection } from './connection.ts'
import { dialect } from './dialect.ts'
import { SqliteReader } from './session.ts'
import { Writes } from './writes.ts'

const models = {
  users: model({ name: text({ unique: true }) }),
  notes: model({ text: text(), owner: belongsTo('users') }),
}
const catalog = openCatalog(models, {}, () => 0)
const users = catalog.get('users') ?? assert.fail()
const notes = catalog.get('notes') ?? assert.fail()
const brief = { brief: true }

/** A file with these tables, and a driver on it; `other` sees what is committed. */
async function openFile({ pages }: { pages?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const place = { path: `${folder}/app.db`, synchronous: 'OFF' } as const
  const made = await openDatabase({ models, policies: [], url: `sqlite:${place.path}`, migrate: 'auto' })
  await made.close()
  const connection = new Connection(place)
  if (pages !== undefined) connection.run(`PRAGMA max_page_count = ${Number(connection.value('PRAGMA page_count')) + pages}`)
  const statements = new Statements(dialect)
  const clock = manualClock(0)
  const reader = new SqliteReader(connection, statements)
  const writes = new Writes({ connection, statements, reader, shares: true, now: () => clock.now() })
  const other = new Connection(place)
  return {
    writes,
    clock,
    names: () => other.rows({ sql: 'SELECT name FROM users ORDER BY name', parameters: [] }).map(([name]) => name),
    /** One brief transaction that writes a user; `acknowledged` ends when it may be told of. */
    async write(name: string) {
      const transaction = writes.begin(brief)
      await transaction.insert(users, { id: `id of ${name}`, name })
      return { acknowledged: settled(transaction.commit()) }
    },
    async [Symbol.asyncDispose]() {
      other.close()
      connection.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** What becomes of it, whenever somebody asks. */
function settled(ending: Promise<void>): { state: string; done: Promise<void> } {
  const seen = { state: 'waiting', done: Promise.resolve() }
  seen.done = ending.then(
    () => {
      seen.state = 'committed'
    },
    (error) => {
      seen.state = error.code
    },
  )
  return seen
}

/** Undoes it, and answers what that says when its batch has ended. */
function undone(transaction: Transaction) {
  return settled(transaction.rollback())
}

test('brief transactions share one COMMIT, and none is acknowledged before it', async () => {
  await using file = await openFile()
  const all = [await file.write('a'), await file.write('b'), await file.write('c')]
  await Promise.resolve()
  assert.deepEqual(
    all.map(({ acknowledged }) => acknowledged.state),
    ['waiting', 'waiting', 'waiting'],
  )
  assert.deepEqual(file.names(), [])
  for (const { acknowledged } of all) await acknowledged.done
  assert.deepEqual(
    all.map(({ acknowledged }) => acknowledged.state),
    ['committed', 'committed', 'committed'],
  )
  assert.deepEqual(file.names(), ['a', 'b', 'c'])
})

test('one that fails is undone without hurting the others, and told when they are committed', async () => {
  await using file = await openFile()
  const first = await file.write('a')
  const failing = file.writes.begin(brief)
  await failing.insert(users, { id: 'x', name: 'x' })
  await assert.rejects(failing.insert(users, { id: 'y', name: 'a' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
  const told = undone(failing)
  const last = await file.write('b')
  await Promise.resolve()
  assert.equal(told.state, 'waiting')
  await Promise.all([first.acknowledged.done, last.acknowledged.done, told.done])
  assert.equal(told.state, 'committed')
  assert.deepEqual(file.names(), ['a', 'b'])
})

test("somebody's own transaction commits the batch first and runs by itself", async () => {
  await using file = await openFile()
  const { acknowledged } = await file.write('a')
  const own = file.writes.begin({})
  assert.deepEqual(file.names(), ['a'])
  await acknowledged.done
  assert.equal(acknowledged.state, 'committed')
  await own.insert(users, { id: 'own', name: 'own' })
  await own.rollback()
  assert.deepEqual(file.names(), ['a'])
})

test('when COMMIT refuses what one has written, all are undone and those that were right pass when run again', async () => {
  await using file = await openFile()
  const right = await file.write('a')
  const wrong = file.writes.begin(brief)
  await wrong.insert(notes, { id: 'n', text: 'x', owner: 'nobody' })
  const committing = settled(wrong.commit())
  await Promise.all([right.acknowledged.done, committing.done])
  assert.deepEqual([right.acknowledged.state, committing.state], ['TAPRI_DATA_CONFLICT', 'TAPRI_DATA_CONFLICT'])
  assert.deepEqual(file.names(), [])

  // alone it is told what is wrong
  const again = file.writes.begin(brief)
  await again.insert(notes, { id: 'n', text: 'x', owner: 'nobody' })
  await assert.rejects(again.commit(), { code: 'TAPRI_DATA_NO_SUCH_ROW' })
  const { acknowledged } = await file.write('b')
  await acknowledged.done
  assert.deepEqual(file.names(), ['b'])
})

test('when the disk is full every one of the batch is told so, and later ones have a batch of their own', async () => {
  await using file = await openFile({ pages: 3 })
  const first = await file.write('a')
  const large = file.writes.begin(brief)
  await assert.rejects(large.insert(users, { id: 'large', name: 'x'.repeat(100_000) }), { code: 'TAPRI_DATA_STORAGE' })
  await assert.rejects(large.insert(users, { id: 'more', name: 'more' }), { code: 'TAPRI_DATA_STORAGE' })
  await assert.rejects(large.rollback(), { code: 'TAPRI_DATA_STORAGE' })
  await first.acknowledged.done
  assert.equal(first.acknowledged.state, 'TAPRI_DATA_STORAGE')
  assert.deepEqual(file.names(), [])
  const { acknowledged } = await file.write('b')
  await acknowledged.done
  assert.deepEqual(file.names(), ['b'])
})

test("in somebody's own transaction nothing is written after the disk was full, though that was caught", async () => {
  await using file = await openFile({ pages: 3 })
  const own = file.writes.begin({})
  await own.insert(users, { id: 'a', name: 'a' })
  await assert.rejects(
    own.savepoint(() => own.insert(users, { id: 'large', name: 'x'.repeat(100_000) })),
    {
      code: 'TAPRI_DATA_STORAGE',
    },
  )
  await assert.rejects(own.insert(users, { id: 'b', name: 'b' }), { code: 'TAPRI_DATA_STORAGE' })
  await assert.rejects(own.commit(), { code: 'TAPRI_DATA_STORAGE' })
  await own.rollback()
  assert.deepEqual(file.names(), [])
})

test('a batch is committed when it is large, though more and more come', async () => {
  await using file = await openFile()
  const all = []
  for (let number = 0; number < 600; number++) all.push(await file.write(`name ${number}`))
  assert.equal(all[0]?.acknowledged.state, 'committed')
  assert.equal(all.at(-1)?.acknowledged.state, 'waiting')
  for (const { acknowledged } of all) await acknowledged.done
  assert.equal(file.names().length, 600)
})

test('those who came first are not kept for longer than a few milliseconds', async () => {
  await using file = await openFile()
  const first = await file.write('a')
  file.clock.advance(6)
  assert.equal(first.acknowledged.state, 'waiting')
  const last = await file.write('b')
  await Promise.resolve()
  assert.deepEqual(file.names(), ['a', 'b'])
  await Promise.all([first.acknowledged.done, last.acknowledged.done])
  assert.equal(first.acknowledged.state, 'committed')
})
