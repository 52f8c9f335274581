import assert from 'node:assert/strict'
import { json, model, optional, text, time } from '../../index.ts'
import { openMysql } from './open.ts'
import { claim } from './servers.fixture.ts'

const models = {
  boxes: model(
    {
      word: text({ unique: true, max: 200_000 }),
      label: optional(text()),
      facts: optional(json<unknown>()),
      at: optional(time()),
    },
    { unique: [['label', 'word']] },
  ),
}

/** Lists in lists around a number. */
function nested(levels: number): unknown {
  return levels === 0 ? 1 : [nested(levels - 1)]
}

claim('long texts are unique to their last sign, and are found by it', models, async ({ open, system }) => {
  const { boxes } = system(await open())
  const long = 'é🏆'.repeat(50_000)
  for (const end of ['', 'a', 'A', ' ', 'a ']) {
    await boxes.create({ word: long + end })
    await assert.rejects(boxes.create({ word: long + end }), {
      code: 'TAPRI_DATA_NOT_UNIQUE',
      issues: [{ path: ['word'], message: 'is taken' }],
    })
  }
  const ends = await boxes.find({ where: { word: { startsWith: long } }, orderBy: 'word' })
  assert.equal(ends.length, 5)
  const [found, ...others] = await boxes.find({ where: { word: `${long}a ` } })
  assert.deepEqual([found?.word, others], [`${long}a `, []])
})

claim('texts that begin alike for 60,000 bytes have an order', models, async ({ open, system }) => {
  const { boxes } = system(await open())
  const long = 'x'.repeat(60_000)
  for (const end of ['c', 'a', 'B', '']) await boxes.create({ word: long + end })
  const found = await boxes.find({ orderBy: 'word' })
  assert.deepEqual(
    found.map(({ word }) => word.slice(60_000)),
    ['', 'B', 'a', 'c'],
  )
})

claim('JSON is taken as deep as the server can look into it, and no deeper', models, async ({ name, open, system }) => {
  const { boxes } = system(await open())
  const levels = name === 'MySQL' ? 100 : 31
  await boxes.create({ word: 'a', facts: { deep: nested(levels - 1), theme: 'dark' } })
  assert.equal(await boxes.count({ where: { facts: { path: ['theme'], equals: 'dark' } } }), 1)
  const message = `must not be nested more than ${levels} levels deep: this database cannot look into it`
  await assert.rejects(boxes.create({ word: 'b', facts: { deep: nested(levels), theme: 'dark' } }), {
    status: 422,
    issues: [{ path: ['facts'], message }],
  })
})

claim('moments of any year are kept to the millisecond', models, async ({ open, system }) => {
  const { boxes } = system(await open())
  for (const [number, at] of [-2.1e14, -62_167_219_200_001, -1, 0, 253_402_300_800_000, 8.64e15 - 1].entries()) {
    const { id } = await boxes.create({ word: String(number), at: new Date(at) })
    assert.equal((await boxes.get(id)).at?.getTime(), at)
    assert.equal(await boxes.count({ where: { at: { gte: new Date(at), lt: new Date(at + 1) } } }), 1)
  }
})

claim('a statement that takes too long is ended, and the connection serves on', models, async ({ url, open }) => {
  await open()
  const driver = await openMysql(`${url}?statement_timeout=2s&pool=2`)
  const tables = 'information_schema.columns a, information_schema.columns b, information_schema.columns c'
  for (let round = 0; round < 3; round++) {
    const slow = driver.reader.raw?.(async (raw) => {
      if ('run' in raw)
        await raw.run({ sql: `select count(*) from ${tables} where a.column_name < b.column_name`, parameters: [] })
    })
    await assert.rejects(slow ?? Promise.resolve(), { code: 'TAPRI_DATA_TIMEOUT', status: 503 })
    assert.deepEqual(await driver.health(), { answers: true })
  }
  await driver.close()
})

claim(
  'what reads in SQL of its own cannot write, what writes can, and both see what the columns store',
  models,
  async (cluster) => {
    await cluster.open()
    const driver = await openMysql(cluster.url)
    const insert = { sql: 'insert into boxes (id, word, at) values (?, ?, ?)', parameters: ['1', 'a', new Date(5)] }
    const reading = driver.reader.raw?.(async (raw) => ('run' in raw ? raw.run(insert) : undefined))
    await assert.rejects(reading ?? Promise.resolve(), { code: 'TAPRI_DATA_STORAGE' })
    const transaction = await driver.begin({ isolation: 'serial', alone: false })
    const written = await transaction.rawWrite?.(async (raw) => ('run' in raw ? raw.run(insert) : undefined))
    assert.deepEqual(written, { rows: [], changed: 1 })
    await transaction.commit()
    const select = { sql: 'select word, at from boxes where id = ?', parameters: ['1'] }
    const read = await driver.reader.raw?.(async (raw) => ('run' in raw ? raw.run(select) : undefined))
    assert.deepEqual(read, { rows: [{ word: 'a', at: 5 }], changed: 0 })
    await driver.close()
  },
)
