import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, formatBytes, milliseconds } from './measures.ts'

test('durations are numbers of milliseconds or a number with a unit', () => {
  assert.equal(milliseconds('15m'), 900_000)
  assert.equal(milliseconds('1.5h'), 5_400_000)
  assert.equal(milliseconds(250), 250)
  for (const bad of ['', '15', 'm', '15 years', '-1s', '1e9s', Number.NaN, -1]) {
    assert.throws(() => milliseconds(bad), { code: 'TAPRI_KIT_DURATION' }, String(bad))
  }
})

test('sizes are numbers of bytes or a number with a unit, in powers of 1,024', () => {
  assert.equal(bytes('2gb'), 2 ** 31)
  assert.equal(bytes('1.5 MB'), 1_572_864)
  assert.throws(() => bytes('2 apples'), { code: 'TAPRI_KIT_SIZE' })
  assert.equal(formatBytes(1_572_864), '1.5 MB')
  assert.equal(formatBytes(12), '12 bytes')
})
