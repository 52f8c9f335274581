import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { appendBatches, writeSynced } from './write.ts'

const mebi = 1024 * 1024

async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-write-'))
  return { path: join(folder, 'file'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

/** Pieces of all sizes, each with bytes of its own. */
function* pieces(sizes: readonly number[]): Iterable<Buffer> {
  for (const [index, size] of sizes.entries()) yield Buffer.alloc(size, `${index} kites `)
}

const sizes = [1, 65_536, 0, mebi, 3 * mebi + 1, ...Array.from({ length: 60 }, (_, index) => 40_000 + index), 7]

test('what is written is what came, in its order, whatever the sizes of its pieces', async () => {
  await using place = await scratch()
  const whole = Buffer.concat([...pieces(sizes)])
  const stored = await writeSynced(place.path, Readable.from(pieces(sizes), { objectMode: false }))
  assert.deepEqual(stored, { size: whole.length, sha256: createHash('sha256').update(whole).digest('hex') })
  assert.ok(whole.equals(await readFile(place.path)))
})

test('a source that fails is written as far as it came, and its error is thrown when that is done', async () => {
  await using place = await scratch()
  await using handle = await open(place.path, 'w')
  await handle.write('before')
  const source = new PassThrough({ highWaterMark: 16 * mebi })
  const taking = appendBatches(handle, 6, source)
  const came = Buffer.concat([...pieces([2 * mebi, mebi, 5])])
  source.write(came.subarray(0, 2 * mebi))
  source.write(came.subarray(2 * mebi))
  source.on('data', () => {})
  setImmediate(() => source.destroy(new Error('the line was cut')))
  await assert.rejects(taking, /the line was cut/)
  const written = await readFile(place.path)
  assert.ok(
    Buffer.concat([Buffer.from('before'), came])
      .subarray(0, written.length)
      .equals(written),
  )
  assert.equal(written.length, 6 + came.length)
})

test('a disk that refuses ends the taking at once', async () => {
  await using place = await scratch()
  await writeSynced(place.path, Readable.from([]))
  await using handle = await open(place.path, 'r')
  const endless = new Readable({
    read() {
      this.push(Buffer.alloc(300_000))
    },
  })
  await assert.rejects(appendBatches(handle, 0, endless), { code: 'EBADF' })
  endless.destroy()
})

test('of a source that is faster than the disk no more than two batches are held', async () => {
  await using place = await scratch()
  await using handle = await open(place.path, 'w')
  let ahead = 0
  let most = 0
  const write = handle.writev.bind(handle)
  Reflect.set(handle, 'writev', async (pieces: readonly Uint8Array[], position: number) => {
    const done = await write(pieces, position)
    ahead -= done.bytesWritten
    return done
  })
  const source = Readable.from(
    (function* () {
      for (let turn = 0; turn < 200; turn++) {
        ahead += 65_536
        most = Math.max(most, ahead)
        yield Buffer.alloc(65_536)
      }
    })(),
    { objectMode: false, highWaterMark: 65_536 },
  )
  assert.equal(await appendBatches(handle, 0, source), 200 * 65_536)
  assert.ok(most <= 2.5 * mebi, String(most))
})
