import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMongo } from './open.ts'
import { readUrl } from './url.ts'

test('a URL says where and which database; what is not ours is left to the package', () => {
  const read = readUrl('mongodb://ann:p%40ss@a.test:6000,b.test/club?replicaSet=rs0&statement_timeout=2m&maxPoolSize=5')
  assert.deepEqual([read.hosts, read.database, read.statementTimeout], ['a.test:6000,b.test', 'club', 120_000])
  assert.equal(read.text, 'mongodb://ann:p%40ss@a.test:6000,b.test/club?replicaSet=rs0&maxPoolSize=5')
  const plain = readUrl('mongodb+srv://cluster.test/club')
  assert.deepEqual([plain.hosts, plain.database, plain.statementTimeout], ['cluster.test', 'club', 30_000])
  assert.equal(plain.text, 'mongodb+srv://cluster.test/club')
})

test('a URL that says something else is refused, without its password', () => {
  const wrong: readonly [string, RegExp][] = [
    ['mongodb://ann:geheim@host', /names no database/],
    ['mongodb://ann:geheim@host/', /names no database/],
    ['mongodb://ann:geheim@host/a.b', /"a\.b" is no name of a database/],
    ['mongodb://ann:geheim@host/club?statement_timeout=soon', /statement_timeout is "soon"/],
    ['mongodb:///club', /URL cannot be read/],
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
  await assert.rejects(openMongo('mongodb://ann:geheim@127.0.0.1:1/club?serverSelectionTimeoutMS=200'), {
    code: 'TAPRI_DATA_OPEN',
    message: /Cannot open the database "127\.0\.0\.1:1\/club": .*ECONNREFUSED/,
  })
})
