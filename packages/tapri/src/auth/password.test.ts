import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Passwords } from './password.ts'

const passwords = new Passwords()

test('a password is hashed with argon2id at 19 MiB, two passes, one lane, salted anew each time', async () => {
  const [one, other] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')])
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.notEqual(one, other)
  assert.equal(await passwords.matches('correct horse', one), true)
  assert.equal(await passwords.matches('correct horsf', one), false)
})

test('without a hash nothing matches, and an argon2 check is made all the same', async () => {
  assert.equal(await passwords.matches('', undefined), false)
  const pending = passwords.matches('anything', undefined)
  assert.equal(passwords.pending, 1)
  assert.equal(await pending, false)
})

test('one password typed on two keyboards is one password', async () => {
  const hash = await passwords.hash('Zo\u00eb caf\u00e9')
  assert.equal(await passwords.matches('Zoe\u0308 cafe\u0301', hash), true)
})

test('every character counts, up to the last of 256', async () => {
  const long = 'x'.repeat(255)
  const hash = await passwords.hash(`${long}a`)
  assert.equal(await passwords.matches(`${long}b`, hash), false)
  assert.equal(await passwords.matches(`${long}a`, hash), true)
})

test('hashes beyond the bound wait, and beyond those the asker is told to come back', async () => {
  const few = new Passwords({ slots: 1, mostWaiting: 3 })
  const three = [few.hash('a'), few.hash('b'), few.hash('c')]
  assert.equal(few.pending, 3)
  await assert.rejects(few.hash('d'), { code: 'TAPRI_AUTH_BUSY', status: 503, facts: { retryAfter: 2 } })
  assert.equal((await Promise.all(three)).length, 3)
  assert.equal(few.pending, 0)
  assert.match(await few.hash('e'), /^\$argon2id/)
})

test('a stored hash that is none is an error, not a match, and frees its place', async () => {
  const one = new Passwords({ slots: 1 })
  await assert.rejects(one.matches('a', 'not a hash'))
  assert.equal(one.pending, 0)
  assert.equal(await one.matches('a', await one.hash('a')), true)
})
