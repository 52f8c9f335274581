import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeWire, encodeWire } from './wire.ts'

test('times come back as times, and texts that look like times stay texts', () => {
  const value = {
    at: new Date('2026-11-21T09:30:00.123Z'),
    title: '2026-11-21T09:30:00.123Z',
    odd: '~t2026',
    tilde: '~',
    list: [new Date(0)],
  }
  assert.deepEqual(decodeWire(encodeWire(value)), value)
})

test('an absent answer is null, and so is one that JSON has no form for', () => {
  assert.deepEqual([encodeWire(undefined), encodeWire(() => 1)], ['null', 'null'])
})

test('what has no times is plain JSON, whatever its texts look like', () => {
  const value = { zone: 'Z', odd: 'a"~b', end: '10:00Z', list: [undefined, 1, null] }
  assert.equal(encodeWire(value), JSON.stringify(value))
})

test('any JSON value with times survives the wire', () => {
  const time = fc.date({ noInvalidDate: true })
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.constantFrom('~', '~~', '~t', '"~'),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      time,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(value, (original) => {
      fc.pre(!JSON.stringify(original).includes('"__proto__"'))
      assert.deepEqual(decodeWire(encodeWire(original)), original)
    }),
    { numRuns: 500 },
  )
})
