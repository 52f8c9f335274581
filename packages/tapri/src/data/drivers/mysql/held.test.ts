import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bool, float, int, json, list, model, optional, text, time } from '../../index.ts'
import { literalText } from './literal.ts'
import { claim } from './servers.fixture.ts'

const models = {
  things: model({
    name: text({ unique: true }),
    long: optional(text({ max: 4_000_000 })),
    whole: optional(int()),
    part: optional(float()),
    on: optional(bool()),
    at: optional(time()),
    tags: list(text()),
    facts: optional(json()),
  }),
}

const names = ["'; drop table things; --", '\\', "\\'", '?', '??', '\u0001', '"`', '🪁', 'x'.repeat(150), '%_', "x'41'", '\n\r\t']
const parts = [0.1, -0.1, 1e-7, 5e-324, 1.7976931348623157e308, 1 / 3, 123456789.123, 2 ** 60]

claim('values come back as they were, alone and many at once', models, async ({ open, system }) => {
  const db = system(await open())
  const rows = names.map((name, at) => ({
    name,
    long: at % 3 === 0 ? name.repeat(20_000) : null,
    whole: at % 2 === 0 ? Number.MAX_SAFE_INTEGER - at : -at,
    part: parts[at % parts.length] ?? null,
    on: at % 2 === 0,
    at: new Date(at * 1e9),
    tags: [name, `${at}`],
    facts: { [`key ${at}`]: [name, at / 3] },
  }))
  const single = []
  for (const row of rows) single.push(await db.things.create({ ...row, name: `1${row.name}` }))
  const many = await db.things.createMany(rows.map((row) => ({ ...row, name: `2${row.name}` })))
  for (const made of [...single, ...many]) assert.deepEqual(await db.things.get(made.id), made)
  assert.equal(await db.things.count(), 2 * rows.length)
})

claim('of many rows made at once all are there, and none when one of them is refused', models, async ({ open, system }) => {
  const database = await open()
  const db = system(database)
  const rows = Array.from({ length: 500 }, (_, number) => ({ name: `${number}`, tags: [] }))
  await db.things.createMany(rows)
  assert.equal(await db.things.count(), 500)
  const position = await database.changes.settled()
  const clashing = [...rows.map(({ name }) => ({ name: `new ${name}`, tags: [] })), { name: '7', tags: [] }]
  await assert.rejects(db.things.createMany(clashing), { code: 'TAPRI_DATA_NOT_UNIQUE', message: /the same name/ })
  assert.equal(await db.things.count(), 500)
  await db.things.create({ name: 'after', tags: [] })
  assert.equal(await database.changes.settled(), position + 1)
})

claim('a write sees what was written before it in the same transaction', models, async ({ open, system }) => {
  const db = system(await open())
  await db.transaction(async (within) => {
    const { id } = await within.things.create({ name: 'a', tags: [] })
    await within.things.update(id, { whole: 1 })
    await assert.rejects(within.things.create({ name: 'a', tags: [] }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
    assert.equal((await within.things.get(id)).whole, 1)
    await within.things.upsert({ name: 'a', tags: ['b'] }, { on: ['name'] })
  })
  assert.deepEqual(
    (await db.things.find()).map(({ name, whole, tags }) => ({ name, whole, tags })),
    [{ name: 'a', whole: 1, tags: ['b'] }],
  )
})

test('a statement whose values have no text, or too long a one, is not put together', () => {
  const sql = 'insert into a values (?)'
  assert.equal(literalText({ sql, parameters: ["a'?"] }), "insert into a values (_utf8mb4 x'61273f')")
  assert.equal(literalText({ sql, parameters: [0.5] }), 'insert into a values (0.5e0)')
  for (const value of ['x'.repeat(30_001), new Uint8Array(1), Number.NaN])
    assert.equal(literalText({ sql, parameters: [value] }), undefined)
  assert.equal(literalText({ sql: "select '?', ?", parameters: [1] }), undefined)
})
