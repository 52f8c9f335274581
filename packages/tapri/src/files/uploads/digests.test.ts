import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Digests } from './digests.ts'

const bytes = Buffer.from('kites over the sea')
const whole = createHash('sha256').update(bytes).digest('hex')

test('pieces in order make the digest of the whole', () => {
  const digests = new Digests()
  digests.from('u', 0)?.(bytes.subarray(0, 5))
  digests.kept('u', 5)
  digests.from('u', 5)?.(bytes.subarray(5))
  digests.kept('u', bytes.length)
  assert.equal(digests.take('u', bytes.length), whole)
  assert.equal(digests.take('u', bytes.length), undefined)
})

test('a process that has not seen all pieces makes none', () => {
  const digests = new Digests()
  assert.equal(digests.from('u', 5), undefined)
  digests.from('u', 0)?.(bytes.subarray(0, 9))
  // the store has kept less, and the rest comes again
  digests.kept('u', 5)
  assert.equal(digests.from('u', 5), undefined)
  assert.equal(digests.take('u', bytes.length), undefined)
})

test('an upload that begins anew is seen from its beginning', () => {
  const digests = new Digests()
  digests.from('u', 0)?.(Buffer.from('other'))
  digests.from('u', 0)?.(bytes)
  digests.kept('u', bytes.length)
  assert.equal(digests.take('u', bytes.length), whole)
})

test('of very many uploads the oldest are forgotten', () => {
  const digests = new Digests()
  for (let at = 0; at <= 1000; at++) {
    digests.from(`u${at}`, 0)?.(bytes)
    digests.kept(`u${at}`, bytes.length)
  }
  assert.equal(digests.take('u0', bytes.length), undefined)
  assert.equal(digests.take('u1000', bytes.length), whole)
})
