import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDriver } from './open.ts'
import { beyondNumbers, reasonOf, unreachable } from './said.ts'

test('callers are not told where the database is; who keeps it is', () => {
  const error = unreachable(new Error('connect ECONNREFUSED 10.0.0.5:5432'))
  assert.equal(error.status, 503)
  assert.doesNotMatch(error.message, /10\.0\.0\.5|5432/)
  assert.deepEqual(error.facts, { retryAfter: 1 })
  assert.equal(reasonOf(error), 'connect ECONNREFUSED 10.0.0.5:5432')
  assert.equal(reasonOf(new Error('its own')), 'its own')
  assert.equal(reasonOf('a text'), 'a text')
})

test('a figure beyond the numbers of a database is refused without its own words', () => {
  const error = beyondNumbers(new Error("DOUBLE value is out of range in 'sum(`shop`.`r`.`price`)'"))
  assert.equal(error.code, 'TAPRI_DATA_QUERY')
  assert.doesNotMatch(error.message, /shop/)
})

test('whoever starts an app is told where it looked for a server that is not there', async () => {
  for (const url of [
    'postgres://127.0.0.1:1/app',
    'mysql://root@127.0.0.1:1/app',
    'mongodb://127.0.0.1:1/app?serverSelectionTimeoutMS=500',
  ]) {
    await assert.rejects(openDriver(url), (error) => {
      assert.ok(error instanceof Error)
      assert.match(error.message, /127\.0\.0\.1:1/)
      return true
    })
  }
})
