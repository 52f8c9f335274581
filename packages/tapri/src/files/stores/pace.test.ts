import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { manualClock } from '../../kit/clock.ts'
import { Budget } from './budget.ts'
import { inParts } from './parts.ts'

const size = 100_000

test('bytes whose sender sends no more for half a minute are given back, and what came is given first', async () => {
  const { source, parts, budget, clock, read } = reading()
  const refused = assert.rejects(read(), { code: 'TAPRI_FILES_BUSY', status: 503, message: /go on with the upload/ })
  source.write(Buffer.alloc(size + 50_000))
  await heard()
  assert.deepEqual([budget.held, parts], [50_000, [size]])
  // they came in the first half minute
  clock.advance(59_000)
  await heard()
  assert.equal(source.destroyed, false)
  clock.advance(1000)
  await refused
  assert.deepEqual([budget.held, parts], [0, [size, 50_000]])
})

test('a sender that only trickles is given up too, one on a slow line is not', async () => {
  for (const [bytes, isSlow] of [
    [5000, true],
    [6000, false],
  ] as const) {
    const { source, clock, read } = reading()
    const reads = read().then(
      () => 'whole',
      ({ code }) => code,
    )
    for (let seconds = 0; seconds < 60 && !source.destroyed; seconds += 10) {
      source.write(Buffer.alloc(bytes))
      await heard()
      clock.advance(10_000)
    }
    source.end()
    assert.equal(await reads, isSlow ? 'TAPRI_FILES_BUSY' : 'whole', `${bytes} bytes in ten seconds`)
  }
})

test('a sender is not given up for a store that is slow, nor while nothing is held', async () => {
  const gate = Promise.withResolvers<void>()
  const { source, parts, clock, read } = reading(() => gate.promise)
  const reads = read()
  clock.advance(120_000)
  source.write(Buffer.alloc(size + 1))
  await heard()
  clock.advance(120_000)
  gate.resolve()
  await heard()
  source.end()
  await reads
  assert.deepEqual(parts, [size, 1])
})

/** A sender driven by hand, whose parts are kept by a store that takes as long as `keep` does. */
function reading(keep: () => Promise<void> = async () => {}) {
  const clock = manualClock()
  const budget = new Budget({ most: 1_000_000, clock })
  const source = new PassThrough()
  const parts: number[] = []
  const read = async () => {
    using share = budget.share(2 * size)
    for await (const part of inParts(source, { size, share })) {
      await keep()
      parts.push(part.length)
      share.give(part.length)
    }
  }
  return { source, parts, budget, clock, read }
}

/** Ends once what was written has been read. */
async function heard(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate()
}
