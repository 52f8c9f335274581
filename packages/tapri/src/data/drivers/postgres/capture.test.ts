import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../../kit/clock.ts'
import { listen } from '../../capture/listen.fixture.ts'
import { connect, type SqlOther } from '../../capture/outside-sql.fixture.ts'
import { model, openDatabase, text } from '../../index.ts'
import { before, lsn } from './lsn.ts'
import { scratchPostgres } from './scratch.ts'

const server = process.env.TEST_POSTGRES_URL ?? ''
const isLogical = server !== '' && (await levelOf(server)) === 'logical'
const skip = server === '' ? 'set TEST_POSTGRES_URL' : isLogical ? false : 'the server has not wal_level = logical'
const models = { notes: model({ text: text() }) }

// of any one server either this is true or the rest of this page
if (server !== '' && !isLogical) {
  test('a server whose log cannot be decoded is refused at the start', async () => {
    const scratch = await scratchPostgres(server)
    try {
      await assert.rejects(openDatabase({ models, policies: [], url: `${scratch.url}&capture=on`, migrate: 'auto' }), {
        code: 'TAPRI_DATA_CAPTURE',
        message: /wal_level = replica, run "alter system set wal_level = 'logical'" and start it again$/,
      })
    } finally {
      await scratch.dispose()
    }
  })
}

test('a user who may not read the log is refused at the start', { skip }, async () => {
  const scratch = await scratchPostgres(server)
  const admin = await connect(scratch.url)
  const role = `${new URL(scratch.url).searchParams.get('schema')}_user`
  try {
    await admin.run(`create role ${role} login`, `grant create on database test to ${role}`)
    const url = new URL(`${scratch.url}&capture=on`)
    url.username = role
    await assert.rejects(openDatabase({ models, policies: [], url: url.href, migrate: 'auto' }), {
      code: 'TAPRI_DATA_CAPTURE',
      message: new RegExp(`the user may not read the log, run "alter role ${role} replication" as an administrator$`),
    })
  } finally {
    await admin.run(`drop owned by ${role} cascade`, `drop role ${role}`)
    await admin.close()
    await scratch.dispose()
  }
})

test('the server need not keep its log while nobody else writes', { skip }, async () => {
  const scratch = await scratchPostgres(server)
  const clock = manualClock()
  const database = await openDatabase({ models, policies: [], url: `${scratch.url}&capture=on`, migrate: 'auto', clock })
  const other = await connect(scratch.url)
  try {
    await listen(database).until(({ id }) => id === '')
    await other.run(
      'create table unrelated (text text)',
      "insert into unrelated select repeat('x', 1000) from generate_series(1, 1000)",
    )
    const target = lsn(String((await other.rows('select pg_current_wal_insert_lsn()::text'))[0]?.[0]))
    while ((await acknowledged(other)) < target) clock.advance(5000)
  } finally {
    await other.close()
    await database.close()
    await (await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })).close()
    await scratch.dispose()
  }
})

test('places in the log compare as texts, and have one before them', () => {
  assert.equal(lsn('1/abc'), '00000001/00000ABC')
  assert.ok(lsn('9/FF') < lsn('10/0'))
  assert.equal(before(lsn('1/0')), '00000000/FFFFFFFF')
})

async function acknowledged(other: SqlOther): Promise<string> {
  const own =
    'select confirmed_flush_lsn::text from pg_replication_slots where slot_name in (select pubname from pg_publication_tables where schemaname = current_schema())'
  return lsn(String((await other.rows(own))[0]?.[0]))
}

async function levelOf(url: string): Promise<unknown> {
  const other = await connect(url)
  const [row] = await other.rows("select current_setting('wal_level')")
  await other.close()
  return row?.[0]
}
