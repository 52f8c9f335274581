import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCatalog } from '../../catalog.ts'
import { always } from '../../condition.ts'
import { int, model, openDatabase } from '../../index.ts'
import { Statements } from '../sql/statements.ts'
import { dialect } from './dialect.ts'
import { scratchPostgres } from './scratch.ts'
import { openServer } from './server.ts'
import { readUrl } from './url.ts'

const given = process.env.TEST_POSTGRES_URL
const how = 'set TEST_POSTGRES_URL, like postgres://postgres@127.0.0.1/test, or start one with scripts/services'
const models = { notes: model({ place: int() }, { index: [['place']] }) }

test('rows come in the order of an index, without sorting all of them', { skip: given === undefined && how }, async () => {
  await using closing = new AsyncDisposableStack()
  const scratch = await scratchPostgres(given ?? '')
  closing.defer(() => scratch.dispose())
  const database = await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })
  closing.defer(() => database.close())
  const server = await openServer(readUrl(scratch.url))
  closing.defer(() => server.close())
  const places = Array.from({ length: 5000 }, (_, place) => ({ place }))
  await database.systemDb<typeof models>().notes.createMany(places)
  await server.rows({ sql: 'analyze notes', parameters: [] })

  const notes = openCatalog(models, {}, () => 0).get('notes')
  const column = notes?.column.get('place')
  assert.ok(notes !== undefined && column !== undefined)
  const statements = new Statements(dialect)
  for (const down of [false, true]) {
    const order = [
      { column, down },
      { column: notes.id, down },
    ]
    const { sql, parameters } = statements.select({
      model: notes,
      columns: notes.columns,
      condition: always,
      order,
      limit: 3,
      offset: 0,
    })
    const plan = (await server.rows({ sql: `explain ${sql}`, parameters })).flat().join('\n')
    assert.match(plan, /Index Scan(?: Backward)? using/, plan)
  }
})
