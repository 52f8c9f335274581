import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { busConformance, busFor } from '../conformance.fixture.ts'
import { hearing } from '../heard.fixture.ts'
import { openBus } from '../open.ts'

const server = process.env.TEST_POSTGRES_URL
const skip = server === undefined && 'set TEST_POSTGRES_URL, or start one with scripts/services'

busConformance('PostgreSQL', { skip, open: async (t) => (await schemaFor(t)).url, isShared: true })

test('the bus of PostgreSQL gathers what is published in one moment into one NOTIFY', { skip }, async (t) => {
  const { url, client, schema } = await schemaFor(t)
  const notified: string[] = []
  client.on('notification', ({ payload }) => notified.push(payload ?? ''))
  await client.query(`listen tapri_bus_${schema}`)
  const bus = await busFor(t, url)
  const heard = hearing()
  await bus.subscribe('kites', heard.hear)
  await Promise.all(Array.from({ length: 500 }, (_, number) => bus.publish('kites', String(number))))
  await heard.until(500)
  await client.query('select 1')
  assert.equal(notified.length, 1)
})

test('schemas of one database have a bus each, and what others notify there disturbs nobody', { skip }, async (t) => {
  const [one, other] = [await schemaFor(t), await schemaFor(t)]
  const [bus, elsewhere] = [await busFor(t, one.url), await busFor(t, other.url)]
  const [heard, nothing] = [hearing(), hearing()]
  await bus.subscribe('kites', heard.hear)
  await elsewhere.subscribe('kites', nothing.hear)
  for (const payload of ['', 'hello', 'a 0 2 [["kites","half"]', 'b 1 2 "]']) {
    await one.client.query('select pg_notify($1, $2)', [`tapri_bus_${one.schema}`, payload])
  }
  await bus.publish('kites', 'red')
  await elsewhere.publish('kites', 'end')
  await Promise.all([heard.until('red'), nothing.until('end')])
  assert.deepEqual(heard.texts, ['red'])
  assert.deepEqual(nothing.texts, ['end'])
})

test('the URL of a PostgreSQL bus is read as that of a database, and its password is in no message', async () => {
  for (const url of ['postgres://ann:hunter2@host', 'postgres://ann:hunter2@host/tube?size=1', 'postgres://[hunter2']) {
    await assert.rejects(openBus(url), (error: Error & { code?: string }) => {
      return error.code === 'TAPRI_BUS_URL' && !/hunter2/.test(error.message) && /the( PostgreSQL)? bus/.test(error.message)
    })
  }
})

/** A schema that nobody else has, and a connection beside the bus. */
async function schemaFor(test: TestContext) {
  const schema = `test_${randomBytes(8).toString('hex')}`
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(`create schema ${schema}`)
  test.after(async () => {
    await client.query(`drop schema ${schema}`)
    await client.end()
  })
  const url = new URL(server ?? '')
  url.searchParams.set('schema', schema)
  return { url: url.href, client, schema }
}
