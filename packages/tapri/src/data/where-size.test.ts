import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchDatabase } from './drivers/scratch.ts'
import { float, model, openDatabase, text } from './index.ts'

const models = { notes: model({ text: text(), weight: float() }) }

async function notes() {
  const scratch = await scratchDatabase(process.env.TEST_DATABASE_URL ?? 'sqlite::memory:')
  const database = await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })
  const { notes } = database.systemDb<typeof models>()
  const close = async () => {
    await database.close()
    await scratch.dispose()
  }
  return { notes, [Symbol.asyncDispose]: close }
}

const many = (count: number) => Array.from({ length: count }, (_, at) => ({ text: `${at}` }))

test('a where of 500 comparisons is answered, one of 501 is refused with the number', async () => {
  await using room = await notes()
  const { notes: table } = room
  await table.create({ text: '499', weight: 1 })
  for (const where of [{ or: many(500) }, { not: { or: many(499) } }, { and: many(500).map((each) => ({ not: each })) }]) {
    assert.ok((await table.count({ where })) <= 1)
  }
  assert.equal(await table.count({ where: { or: many(500) } }), 1)
  const refused = { code: 'TAPRI_DATA_QUERY', status: 400, message: /more than 500 comparisons/ }
  await assert.rejects(table.count({ where: { or: many(501) } }), refused)
  await assert.rejects(table.find({ where: { and: [{ or: many(251) }, { or: many(250) }] } }), refused)
  await assert.rejects(table.updateWhere({ or: many(501) }, { text: '' }), refused)
})

test('a where nested 30 levels deep is answered, and a bottomless one refused', async () => {
  await using room = await notes()
  const nested = (levels: number): object => (levels === 0 ? { text: 'a' } : { not: nested(levels - 1) })
  assert.equal(await room.notes.count({ where: nested(28) }), 0)
  await assert.rejects(room.notes.count({ where: nested(31) }), { code: 'TAPRI_DATA_QUERY', message: /deeper than 30/ })
  await assert.rejects(room.notes.count({ where: nested(3000) }), { code: 'TAPRI_DATA_QUERY' })
})

test('lists of 30,000 values are answered, also of fractions; longer ones are refused', async () => {
  await using room = await notes()
  const { notes: table } = room
  for (const weight of [0.1, 2, 29_999.1]) await table.create({ text: `${weight}`, weight })
  for (const length of [1, 3, 100, 20_000, 30_000]) {
    const weights = Array.from({ length }, (_, at) => at + 0.1)
    assert.equal(await table.count({ where: { weight: { in: weights } } }), length === 30_000 ? 2 : 1)
    assert.equal(await table.count({ where: { weight: { notIn: weights } } }), length === 30_000 ? 1 : 2)
    assert.equal(await table.count({ where: { text: { in: weights.map(String) } } }), length === 30_000 ? 2 : 1)
  }
  const texts = Array.from({ length: 15_001 }, String)
  const where = { or: [{ text: { in: texts } }, { text: { in: texts } }] }
  await assert.rejects(table.count({ where }), { code: 'TAPRI_DATA_QUERY', message: /more than 30000 values/ })
})
