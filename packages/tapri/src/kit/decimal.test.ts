import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decimalOf, movePoint, partsOf } from './decimal.ts'

test('a decimal and its parts are two forms of one number', () => {
  const parts = fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n })
  fc.assert(
    fc.property(parts, fc.integer({ min: 0, max: 15 }), (value, scale) => {
      const text = decimalOf(value, scale)
      assert.match(text, scale === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${scale}}$`))
      assert.equal(partsOf(text, scale), value)
    }),
  )
})

test('shorter fractions are filled up, longer ones are not cut off', () => {
  assert.equal(partsOf('12', 2), 1200n)
  assert.equal(partsOf('-0.5', 2), -50n)
  assert.equal(partsOf(7n, 2), 700n)
  assert.equal(partsOf('0.125', 2), undefined)
})

test('what could be read in two ways is no decimal', () => {
  for (const text of ['', '1.', '.5', '1e3', '+1', '01', ' 1', '1,5', '0x1', 'NaN', '--1', '١']) {
    assert.equal(partsOf(text, 2), undefined, text)
  }
  for (const value of [1, 1.5, null, undefined, {}]) assert.equal(partsOf(value, 2), undefined)
})

test('minus zero is zero', () => {
  assert.equal(decimalOf(partsOf('-0.00', 2) ?? 1n, 2), '0.00')
})

test('the point moves without an error of its own', () => {
  assert.equal(movePoint(1.1, 2), 110)
  assert.equal(movePoint(-2.675, 2), -267.5)
  assert.equal(movePoint(1e-7, 2), 0.00001)
  assert.equal(movePoint(1e21, -2), 1e19)
  assert.equal(movePoint(0, 5), 0)
})
