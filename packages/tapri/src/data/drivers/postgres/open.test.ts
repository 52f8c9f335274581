import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readMoment, writeMoment } from './moment.ts'
import { openPostgres } from './open.ts'
import { readUrl } from './url.ts'

test('a URL says where, with how many connections and how safely', () => {
  const { host, port, database, user, password, pool } = readUrl('postgres://ann:p%40ss@db.test:6000/club?pool=4&schema=a_b')
  assert.deepEqual(
    { host, port, database, user, password, pool },
    {
      host: 'db.test',
      port: 6000,
      database: 'club',
      user: 'ann',
      password: 'p@ss',
      pool: 4,
    },
  )
  const plain = readUrl('postgresql://localhost/club')
  assert.deepEqual([plain.port, plain.pool, plain.sslmode, plain.statementTimeout], [5432, 10, 'disable', 30_000])
  assert.equal(readUrl('postgres://localhost/club?statement_timeout=2m&connect_timeout=1s').statementTimeout, 120_000)
})

test('a URL that says something else is refused, without its password', () => {
  const wrong: readonly [string, RegExp][] = [
    ['postgres://ann:geheim@host', /names no database/],
    ['postgres://ann:geheim@host/club?pol=3', /option "pol"/],
    ['postgres://ann:geheim@host/club?pool=1', /pool is "1"/],
    ['postgres://ann:geheim@host/club?schema=a;drop', /schema is/],
    ['postgres://ann:geheim@host/club?sslmode=prefer', /sslmode is "prefer"/],
    ['postgres://ann:geheim@host/club?connect_timeout=soon', /connect_timeout is "soon"/],
    ['postgres://ann:geheim@host:port/club', /URL cannot be read/],
  ]
  for (const [url, message] of wrong) {
    assert.throws(
      () => readUrl(url),
      (error: any) => error.code === 'TAPRI_DATA_URL' && message.test(error.message) && !error.message.includes('geheim'),
      url,
    )
  }
})

test('a server that does not answer is said to be where it is', async () => {
  await assert.rejects(openPostgres('postgres://ann:geheim@127.0.0.1:1/club'), {
    code: 'TAPRI_DATA_OPEN',
    message: /Cannot open the database "127\.0\.0\.1:1\/club": .*ECONNREFUSED/,
  })
})

test('moments are written for people and read again to the millisecond', () => {
  assert.equal(writeMoment(0), '1970-01-01T00:00:00.000Z')
  assert.equal(writeMoment(Date.UTC(-43, 2, 15)), '0044-03-15T00:00:00.000Z BC')
  assert.equal(readMoment('0044-03-15 00:00:00+00 BC').getTime(), Date.UTC(-43, 2, 15))
  assert.equal(readMoment('12026-02-28 01:02:03.004+00').getTime(), Date.UTC(12_026, 1, 28, 1, 2, 3, 4))
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), fc.boolean(), (given, isRound) => {
      const moment = isRound ? given - (given % 100) : given
      // the server leaves out zeros at the end of a fraction
      const answered = writeMoment(moment)
        .replace('T', ' ')
        .replace(/\.?0*Z/, '+00')
      assert.equal(readMoment(answered).getTime(), moment)
    }),
    { numRuns: 1000 },
  )
})
