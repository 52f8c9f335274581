import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { bytesLent, forgetChunk, giveChunk, takeChunk } from './chunks.ts'

const kibi = 1024

beforeEach(() => assert.equal(bytesLent(), 0))

test('a chunk is as large as what is wanted allows, and a little is made to measure', () => {
  const wanted = [10_000_000, 262_145, 262_144, 65_536, 65_537, 20_000, 16_384, 3_000, 2_048, 1]
  const sizes = wanted.map((each) => {
    const { length } = keep(takeChunk(each))
    return length
  })
  assert.deepEqual(sizes, [
    1024 * kibi,
    1024 * kibi,
    256 * kibi,
    64 * kibi,
    256 * kibi,
    64 * kibi,
    16 * kibi,
    16 * kibi,
    2_048,
    1,
  ])
})

test('the more is lent, the smaller the chunks are, and none is refused', () => {
  const lent = Array.from({ length: 1_000 }, () => takeChunk(2_000_000))
  const count = (size: number) => lent.filter(({ length }) => length === size * kibi).length
  assert.deepEqual([count(1024), count(256), count(64), count(16)], [4, 16, 64, 916])
  assert.equal(bytesLent(), (4 * 1024 + 16 * 256 + 64 * 64 + 916 * 16) * kibi)
  for (const chunk of lent) giveChunk(chunk)
  assert.equal(keep(takeChunk(2_000_000)).length, 1024 * kibi)
})

test('memory that came back is lent again, and what somebody may still look at is not', () => {
  const first = takeChunk(1_000_000)
  giveChunk(first)
  const again = takeChunk(1_000_000)
  assert.equal(again, first)
  forgetChunk(again)
  assert.notEqual(keep(takeChunk(1_000_000)), first)
})

/** Gives it back at once: the test looks at what it is. */
function keep(chunk: Buffer): Buffer {
  giveChunk(chunk)
  return chunk
}
