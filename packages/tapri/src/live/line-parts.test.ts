import assert from 'node:assert/strict'
import { test } from 'node:test'
import { largestText } from '../bus/index.ts'
import { maxClientFrame } from '../kit/protocol.ts'
import { partsOf } from './line-parts.ts'

test('frames stay whole and in their order, in parts that the bus carries', () => {
  const frames = Array.from({ length: 200 }, (_, index) =>
    JSON.stringify({ at: index, text: 'é'.repeat((index * 997) % 30_000) }),
  )
  const parts = partsOf(`\n${frames.join('\n')}\n\n`)
  assert.ok(parts.length > 10)
  for (const part of parts) assert.ok(Buffer.byteLength(part) < largestText - 1024, `${Buffer.byteLength(part)} bytes`)
  assert.deepEqual(parts.join('\n').split('\n'), frames)
  assert.deepEqual(partsOf(''), [])
})

test('a frame that is too long is cut where it is still too long, and leaves no half of a sign', () => {
  const [part = ''] = partsOf(`x${'😀'.repeat(400_000)}`)
  assert.ok(Buffer.byteLength(part) > maxClientFrame && Buffer.byteLength(part) < largestText - 1024)
  assert.ok(part.isWellFormed())
  assert.deepEqual(partsOf('é'.repeat(maxClientFrame)), ['é'.repeat(maxClientFrame)])
})
