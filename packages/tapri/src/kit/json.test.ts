import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson } from './json.ts'

test('JSON from outside is parsed as JSON', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      fc.pre(!text.includes('proto') && !text.includes('constructor'))
      assert.deepEqual(parseJson(text), JSON.parse(text))
    }),
  )
})

test('keys that reach a prototype are refused, however they are spelt', () => {
  for (const text of [
    '{"__proto__":{"admin":true}}',
    '{"a":[{"\\u005f_proto__":1}]}',
    '{"constructor":{"prototype":{}}}',
    '{"\\u0063onstructor":{}}',
    '{"c\\u006fnstructor":{"prototype":{}}}',
    '{"_\\u005fproto\\u005f_":{}}',
  ]) {
    assert.throws(() => parseJson(text), { code: 'TAPRI_KIT_JSON', status: 400 }, text)
  }
  assert.deepEqual(parseJson('{"text":"__proto__ is a word","constructor":"a builder"}'), {
    text: '__proto__ is a word',
    constructor: 'a builder',
  })
})

test('nesting has an end', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  assert.ok(parseJson(nested(64)))
  assert.throws(() => parseJson(nested(65)), { code: 'TAPRI_KIT_JSON' })
  assert.throws(() => parseJson(nested(500_000)), { code: 'TAPRI_KIT_JSON' })
  assert.equal(parseJson(JSON.stringify('['.repeat(500))), '['.repeat(500))
})

test('a text that is not JSON is told so without being quoted back at length', () => {
  assert.throws(
    () => parseJson('{"password":"a secret that is long enough to matter" oops}'),
    (error: Error) => {
      assert.ok(!error.message.includes('secret'), error.message)
      return true
    },
  )
})
