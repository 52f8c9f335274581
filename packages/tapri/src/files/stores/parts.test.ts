import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { manualClock } from '../../kit/clock.ts'
import { cutAfter, filmBytes, inChunks } from '../conformance/under-test.ts'
import { Budget } from './budget.ts'
import { inParts } from './parts.ts'

const share = () => new Budget({ most: 1000 }).share(1000)

test('a source of any chunks comes in parts of one size and a rest', async () => {
  for (const chunk of [1, 7, 10, 64, 1000]) {
    const parts = await Array.fromAsync(inParts(inChunks(filmBytes(0, 64), chunk), { size: 10, share: share() }))
    const sizes = parts.map((part) => part.length)
    assert.deepEqual(sizes, [10, 10, 10, 10, 10, 10, 4], `chunks of ${chunk}`)
    assert.ok(Buffer.concat(parts).equals(filmBytes(0, 64)))
  }
})

test('the first part may have another size', async () => {
  const parts = await Array.fromAsync(inParts(inChunks(filmBytes(0, 25), 4), { size: 10, first: 3, share: share() }))
  assert.deepEqual(
    parts.map((part) => part.length),
    [3, 10, 10, 2],
  )
})

test('a source of nothing has no parts', async () => {
  assert.deepEqual(await Array.fromAsync(inParts(Readable.from([]), { size: 10, share: share() })), [])
})

test('what came before a source failed is given, then its error is thrown', async () => {
  const sizes: number[] = []
  const read = async () => {
    for await (const part of inParts(cutAfter(filmBytes(0, 25)), { size: 10, share: share() })) sizes.push(part.length)
  }
  await assert.rejects(read(), /the sender left/)
  assert.deepEqual(sizes, [10, 10, 5])
})

test('what came before there was no room for more is given, then TAPRI_FILES_BUSY thrown', async () => {
  const clock = manualClock()
  const budget = new Budget({ most: 100, clock })
  using others = budget.share(100)
  await others.take(80)
  using own = budget.share(16)
  const source = inChunks(filmBytes(0, 60), 4)
  const sizes: number[] = []
  const read = async () => {
    for await (const part of inParts(source, { size: 10, share: own })) sizes.push(part.length)
  }
  const refused = assert.rejects(read(), { code: 'TAPRI_FILES_BUSY' })
  for (let turn = 0; turn < 50; turn++) await setImmediate()
  clock.advance(15_000)
  await refused
  assert.deepEqual(sizes, [10, 6])
  assert.ok(source.destroyed)
})

test('a source is let go of by whoever wants no more parts', async () => {
  const source = inChunks(filmBytes(0, 1000), 10)
  for await (const _part of inParts(source, { size: 10, share: share() })) break
  assert.ok(source.destroyed)
})
