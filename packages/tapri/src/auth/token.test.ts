import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashToken, isToken, newToken } from './token.ts'

test('a token has the prefix, 32 random bytes and a checksum, in letters and digits alone', () => {
  const tokens = Array.from({ length: 1000 }, newToken)
  for (const token of tokens) {
    assert.match(token, /^tapri_[0-9A-Za-z]{49}$/)
    assert.equal(isToken(token), true)
  }
  assert.equal(new Set(tokens).size, 1000)
})

test('a token with any one character changed is refused', () => {
  const token = newToken()
  for (let index = 0; index < token.length; index++) {
    const changed = `${token.slice(0, index)}${token[index] === 'x' ? 'y' : 'x'}${token.slice(index + 1)}`
    assert.equal(isToken(changed), false, changed)
  }
})

test('a token cut short, made longer, or made up is refused', () => {
  const token = newToken()
  for (const text of [
    '',
    'tapri_',
    token.slice(0, -1),
    `${token}0`,
    ` ${token}`,
    `${token}\n`,
    token.toUpperCase(),
    token.slice(6),
  ]) {
    assert.equal(isToken(text), false, JSON.stringify(text))
  }
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => !isToken(text)))
  fc.assert(fc.property(fc.stringMatching(/^tapri_[0-9A-Za-z]{49}$/), (text) => !isToken(text)))
})

test('what is stored does not hold the token', () => {
  const token = newToken()
  assert.match(hashToken(token), /^[\w-]{43}$/)
  assert.equal(hashToken(token), hashToken(token))
  assert.notEqual(hashToken(token), hashToken(newToken()))
})
