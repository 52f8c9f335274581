import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orientationIn } from './orientation.ts'

/** A directory of entries, of which the last tells how the camera was held. */
function noted(entries: number, told = entries): Buffer {
  const bytes = Buffer.alloc(10 + 12 * entries)
  bytes.write('II*\0', 'latin1')
  bytes.writeUInt32LE(8, 4)
  bytes.writeUInt16LE(told, 8)
  bytes.writeUInt16LE(0x0112, bytes.length - 12)
  bytes.writeUInt16LE(3, bytes.length - 10)
  bytes.writeUInt16LE(6, bytes.length - 4)
  return bytes
}

test('how the camera was held is found among what it noted', () => {
  assert.equal(orientationIn(noted(1)), 6)
  assert.equal(orientationIn(noted(40)), 6)
  assert.equal(orientationIn(noted(3, 2)), 1)
})

test('of a number of notes that are not there none is looked for', () => {
  const bytes = noted(2, 65_535).subarray(0, -12)
  let reads = 0
  const read = bytes.readUInt16LE.bind(bytes)
  const counted: Buffer = Object.assign(bytes, {
    readUInt16LE(at: number) {
      reads++
      return read(at)
    },
  })
  assert.equal(orientationIn(counted), 1)
  assert.ok(reads < 10, `${reads} reads`)
})
