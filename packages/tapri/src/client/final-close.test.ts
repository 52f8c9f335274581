import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closeCodes } from '../kit/protocol.ts'
import { isFinalClose } from './final-close.ts'

test('clients come back after restarts, cuts and slowness, not after what would end the same way', () => {
  for (const code of [
    1000,
    1001,
    1005,
    1006,
    1011,
    1012,
    1013,
    3000,
    4499,
    closeCodes.restart,
    closeCodes.slow,
    closeCodes.noHello,
  ]) {
    assert.equal(isFinalClose(code), false, String(code))
  }
  for (const code of [1002, 1003, 1007, 1009, 3500, 4999, closeCodes.notText, closeCodes.garbage, closeCodes.refused]) {
    assert.equal(isFinalClose(code), true, String(code))
  }
})
