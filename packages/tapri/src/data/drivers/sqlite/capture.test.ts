import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { listen } from '../../capture/listen.fixture.ts'
import { float, int, model, openDatabase, optional, text } from '../../index.ts'

const models = { notes: model({ text: text({ unique: true }), ratio: optional(float()) }) }
type Models = typeof models

function file(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-capture-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'app.db')
}

async function heard(path: string) {
  const database = await openDatabase({ models, policies: [], url: `sqlite:${path}?capture=on`, migrate: 'auto' })
  const told = listen(database)
  await told.until(({ id }) => id === '')
  told.commits.length = 0
  return { database, told }
}

test('INSERT OR REPLACE and ON CONFLICT are told as changes of the row, what was ignored not at all', async (context) => {
  const path = file(context)
  const { database, told } = await heard(path)
  const other = new DatabaseSync(path)
  other.exec("insert into notes values ('1', 'a', null)")
  await told.until(({ id }) => id === '1')
  other.exec(
    "begin immediate; insert or ignore into notes values ('1', 'b', null); insert or replace into notes values ('1', 'c', 1); commit",
  )
  await told.until(({ after }) => after?.text === 'c')
  other.exec("insert into notes values ('1', 'd', 1) on conflict do update set text = 'd'")
  await told.until(({ after }) => after?.text === 'd')
  assert.deepEqual(
    told.changes().map(({ before, after }) => [before?.text, after?.text]),
    [
      [undefined, 'a'],
      ['a', 'c'],
      ['c', 'd'],
    ],
  )
  other.close()
  await database.close()
})

test('fractions are told to their last digit', async (context) => {
  const path = file(context)
  const { database, told } = await heard(path)
  const other = new DatabaseSync(path)
  const fractions = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.000001234567890123, 3]
  for (const [at, ratio] of fractions.entries()) other.prepare('insert into notes values (?, ?, ?)').run(`${at}`, `${at}`, ratio)
  other.exec('update notes set ratio = null')
  await told.until(({ id, after }) => id === '4' && after?.ratio === null)
  const before = new Map(told.changes().map((change) => [change.id, change.before?.ratio]))
  assert.deepEqual(
    fractions.map((_, at) => before.get(`${at}`)),
    fractions,
  )
  other.close()
  await database.close()
})

test('a migration changes tables whose writes are noted, and they are noted as they are then', async (context) => {
  const path = file(context)
  const { database } = await heard(path)
  await database.systemDb<Models>().notes.create({ text: 'a', ratio: 1 })
  await database.close()
  const changed = { notes: model({ text: text({ unique: true }), ratio: optional(float()), count: optional(int()) }) }
  const url = `sqlite:${path}?capture=on`
  const again = await openDatabase({ models: changed, policies: [], url, migrate: 'auto' })
  const told = listen(again)
  await told.until(({ id }) => id === '')
  const other = new DatabaseSync(path)
  other.exec("insert into notes (id, text, count) values ('1', 'b', 5)")
  await told.until(({ id }) => id === '1')
  assert.deepEqual(told.changes().at(-1)?.after, { id: '1', text: 'b', ratio: null, count: 5 })
  other.close()
  await again.close()
})

test('what a migration from the command line writes is not taken for that of another program', async (context) => {
  const path = file(context)
  const { database, told } = await heard(path)
  const tool = await openDatabase({ models, policies: [], url: `sqlite:${path}?capture=on`, migrate: 'plan' })
  await tool.systemDb<Models>().notes.create({ text: 'ours' })
  await tool.close()
  const other = new DatabaseSync(path)
  other.exec("insert into notes values ('1', 'theirs', null)")
  await told.until(({ id }) => id === '1')
  assert.deepEqual(
    told.changes().map(({ after }) => after?.text),
    ['theirs'],
  )
  other.close()
  await database.close()
})
