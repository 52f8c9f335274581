import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flavourOf, mariadb, mysql } from './flavour.ts'
import { openMysql } from './open.ts'
import { readUrl } from './url.ts'

test('a URL says where, with how many connections and how safely', () => {
  const { host, port, database, user, password, pool } = readUrl('mysql://ann:p%40ss@db.test:6000/club?pool=4')
  const place = { host, port, database, user, password, pool }
  assert.deepEqual(place, { host: 'db.test', port: 6000, database: 'club', user: 'ann', password: 'p@ss', pool: 4 })
  const plain = readUrl('mariadb://localhost/club')
  assert.deepEqual([plain.port, plain.pool, plain.sslmode, plain.statementTimeout], [3306, 10, 'disable', 30_000])
  assert.equal(readUrl('mysql://localhost/club?statement_timeout=2m&connect_timeout=1s').statementTimeout, 120_000)
})

test('a URL that says something else is refused, without its password', () => {
  const wrong: readonly [string, RegExp][] = [
    ['mysql://ann:geheim@host', /names no database/],
    ['mysql://ann:geheim@host/club?pol=3', /option "pol"/],
    ['mysql://ann:geheim@host/club?pool=1', /pool is "1"/],
    ['mysql://ann:geheim@host/club?sslmode=prefer', /sslmode is "prefer"/],
    ['mysql://ann:geheim@host/club?connect_timeout=soon', /connect_timeout is "soon"/],
    ['mysql://ann:geheim@host:port/club', /URL cannot be read/],
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
  await assert.rejects(openMysql('mysql://ann:geheim@127.0.0.1:1/club'), {
    code: 'TAPRI_DATA_OPEN',
    message: /Cannot open the database "127\.0\.0\.1:1\/club": .*ECONNREFUSED/,
  })
})

test('a server is known by its version, and refused when it is too old', () => {
  assert.equal(flavourOf('9.7.4-2'), mysql)
  assert.equal(flavourOf('8.0.19'), mysql)
  assert.equal(flavourOf('8.4.0-commercial'), mysql)
  assert.equal(flavourOf('5.5.5-10.11.19-MariaDB-0+deb12u1'), mariadb)
  assert.equal(flavourOf('12.0.1-MariaDB'), mariadb)
  assert.match(String(flavourOf('8.0.18')), /MySQL 8\.0\.18, at least 8\.0\.19/)
  assert.match(String(flavourOf('5.7.44')), /at least 8\.0\.19/)
  assert.match(String(flavourOf('10.5.9-MariaDB')), /at least 10\.6\.0/)
})
