import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Clock, manualClock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import { smallDisk } from '../../kit/small-disk.fixture.ts'
import { filmBytes, inChunks, stalledAfter } from '../conformance/under-test.ts'
import { Budget, sentBy } from '../stores/budget.ts'
import { readChecksum, verified } from './checksum.ts'

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest()
const checksumOf = (bytes: Buffer) => ({ algorithm: 'sha256', digest: sha256(bytes) })
const whole = (bytes: Buffer) => Object.assign(inChunks(bytes, 10), { cause: undefined })

test('a body with a checksum is refused by its length before any of it is read', () => {
  const headers = (size: number) => ({
    'upload-checksum': `sha256 ${sha256(Buffer.from('kites')).toString('base64')}`,
    'content-length': String(size),
  })
  assert.equal(readChecksum(headers(64 * 1024 ** 2))?.algorithm, 'sha256')
  assert.throws(() => readChecksum(headers(64 * 1024 ** 2 + 1)), { code: 'TAPRI_FILES_PIECE_TOO_LARGE', status: 413 })
  assert.equal(readChecksum({ 'content-length': String(1024 ** 4) }), undefined)
})

test('a body of unknown length is refused once more has come than may', async () => {
  const budget = new Budget({ most: 1000 })
  const bytes = filmBytes(0, 110)
  const source = whole(bytes)
  await assert.rejects(verified(source, checksumOf(bytes), { most: 100, budget }), { code: 'TAPRI_FILES_PIECE_TOO_LARGE' })
  assert.ok(source.destroyed)
  assert.equal(budget.held, 0)
})

test('where the disk for temporary files is full for a moment a body is refused, or whole', async (context) => {
  using disk = smallDisk(1024 ** 2)
  if (disk === undefined) return context.skip('only root can mount a small disk, on Linux')
  const before = process.env.TMPDIR
  process.env.TMPDIR = disk.folder
  context.after(() => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  })
  const others = join(disk.folder, 'others')
  await writeFile(others, Buffer.alloc(1024 ** 2 - 100 * 1024))
  const bytes = filmBytes(0, 256 * 1024)
  async function* slowly() {
    for await (const chunk of inChunks(bytes, 64 * 1024)) {
      yield chunk
      // room for a part of the second chunk, and for all of those after it
      if (chunk.equals(bytes.subarray(64 * 1024, 128 * 1024))) await rm(others)
    }
  }
  const source = Object.assign(Readable.from(slowly(), { objectMode: false }), { cause: undefined })
  try {
    // a stream that reads ahead has made room by the time
    await using taken = await verified(source, checksumOf(bytes))
    assert.ok(bytes.equals(await buffer(taken.open())))
  } catch (error) {
    assert.ok(error instanceof TapriError, String(error))
    assert.deepEqual([error.code, error.status], ['TAPRI_FILES_STORE', 507])
  }
  await using again = await verified(whole(bytes), checksumOf(bytes))
  assert.ok(bytes.equals(await buffer(again.open())))
})

test('bodies wait for the room that others have, and come whole', async () => {
  const someWaits = Promise.withResolvers<void>()
  const never = manualClock()
  const after: Clock['after'] = (milliseconds, call) => {
    someWaits.resolve()
    return never.after(milliseconds, call)
  }
  const budget = new Budget({ most: 100, clock: { ...never, after } })
  const bytes = filmBytes(0, 90)
  const first = await verified(whole(bytes), checksumOf(bytes), { most: 100, budget })
  // one of them goes over the bound, so that not all wait for each other
  const second = await verified(whole(bytes), checksumOf(bytes), { most: 100, budget })
  const third = verified(whole(bytes), checksumOf(bytes), { most: 100, budget })
  await Promise.race([someWaits.promise, third])
  assert.equal(budget.held, 180)
  await first[Symbol.asyncDispose]()
  await second[Symbol.asyncDispose]()
  await using last = await third
  assert.ok(bytes.equals(await buffer(last.open())))
  assert.equal(budget.held, 90)
})

test('a body for which there is no room for a while is told so, and nothing of it stays', async () => {
  const clock = manualClock()
  const budget = new Budget({ most: 100, clock })
  using others = budget.share(200)
  await others.take(150)
  const bytes = filmBytes(0, 90)
  const waiting = verified(whole(bytes), checksumOf(bytes), { most: 100, budget })
  const refused = assert.rejects(waiting, { code: 'TAPRI_FILES_BUSY', status: 503, facts: { retryAfter: 5 } })
  let isOver = false
  refused.finally(() => {
    isOver = true
  })
  while (!isOver) {
    clock.advance(15_000)
    await setImmediate()
  }
  await refused
  assert.equal(budget.held, 150)
})

test('bodies of one sender leave three quarters of the room to the others, whose bodies come at once', async () => {
  const budget = new Budget({ most: 400, clock: manualClock() })
  const bytes = filmBytes(0, 100)
  const take = (sender: string) => verified(sentBy(whole(bytes), sender), checksumOf(bytes), { most: 100, budget })
  await using other = await take('other')
  const mine = [await take('one'), await take('one')]
  const waiting = take('one')
  let isIn = false
  waiting.then(() => {
    isIn = true
  })
  await using third = await take('third')
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  assert.deepEqual([isIn, other.size, third.size, mine.length], [false, 100, 100, 2])
  for (const body of mine) await body[Symbol.asyncDispose]()
  await using last = await waiting
  assert.equal(last.size, 100)
})

test('a body with a checksum whose sender falls silent gives back its room', async () => {
  const clock = manualClock()
  const budget = new Budget({ most: 100, clock })
  const source = Object.assign(stalledAfter(filmBytes(0, 50)), { cause: undefined })
  const refused = assert.rejects(verified(source, checksumOf(filmBytes(0, 90)), { most: 100, budget }), {
    code: 'TAPRI_FILES_BUSY',
  })
  let isOver = false
  refused.finally(() => {
    isOver = true
  })
  while (!isOver) {
    await setImmediate()
    clock.advance(30_000)
  }
  await refused
  assert.equal(budget.held, 0)
})

test('bytes that are others than their checksum says give back their room', async () => {
  const budget = new Budget({ most: 100 })
  const other = verified(whole(filmBytes(0, 90)), checksumOf(Buffer.from('kites')), { most: 100, budget })
  await assert.rejects(other, { code: 'TAPRI_FILES_CHECKSUM' })
  const cut = Object.assign(Readable.from([Buffer.from('ki')]), { cause: new Error('the sender left') })
  await assert.rejects(verified(cut, checksumOf(Buffer.from('kites')), { most: 100, budget }), /the sender left/)
  assert.equal(budget.held, 0)
})
