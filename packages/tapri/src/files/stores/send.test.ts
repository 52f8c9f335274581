import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { manualClock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import { cutAfter, filmBytes, inChunks, megabyte } from '../conformance/under-test.ts'
import type { Pieces } from '../store.ts'
import { TestContainer } from './azure/container.fixture.ts'
import { openContainer } from './azure/container.ts'
import { AzurePieces } from './azure/pieces.ts'
import { readAzureUrl } from './azure/url.ts'
import { Budget } from './budget.ts'
import { Names } from './place.ts'
import { TestBucket } from './s3/bucket.fixture.ts'
import { openBucket } from './s3/bucket.ts'
import { S3Pieces } from './s3/pieces.ts'
import { readS3Url } from './s3/url.ts'
import { type Part, type Receiver, sendInParts } from './send.ts'

const s3 = process.env.TEST_S3_URL
const azure = process.env.TEST_AZURE_URL

test('files that are sent at once share the memory, and all of them arrive whole', async () => {
  const memory = new Budget({ most: 100, clock: manualClock() })
  let most = 0
  const files = Array.from({ length: 40 }, (_, index) => filmBytes(index, 5 + index * 5))
  await Promise.all(
    files.map(async (bytes) => {
      const place = new Place(() => {
        most = Math.max(most, memory.held)
      })
      assert.equal((await sendInParts(inChunks(bytes, 3), place, { memory })).size, bytes.length)
      assert.ok(bytes.equals(place.bytes()))
    }),
  )
  assert.ok(most > 50 && most <= 120, `${most} of 100`)
  assert.equal(memory.held, 0)
})

test('a file that fails gives back its memory', async () => {
  const memory = new Budget({ most: 100 })
  await assert.rejects(sendInParts(cutAfter(filmBytes(0, 25)), new Place(() => {}), { memory }), /the sender left/)
  assert.equal(memory.held, 0)
})

test('pieces that come to S3 at once share the memory', { skip: s3 === undefined && 'set TEST_S3_URL' }, async () => {
  const url = readS3Url(new TestBucket(s3 ?? '').place())
  const bucket = await openBucket(url)
  const options = { names: new Names(url.prefix), partSize: 5 * megabyte, mostParts: 10_000 }
  await shareMemory((memory) => new S3Pieces(bucket, { ...options, memory }), 10 * megabyte)
  bucket.close()
})

test('pieces that come to Azure at once share the memory', { skip: azure === undefined && 'set TEST_AZURE_URL' }, async () => {
  const url = readAzureUrl(new TestContainer(azure ?? '').place())
  const container = await openContainer(url)
  await shareMemory((memory) => new AzurePieces(container, new Names(url.prefix), memory), 16 * megabyte)
})

/** Appends to four files at once, twice to each, with memory for two of them; `enough` is what one needs. */
async function shareMemory(open: (memory: Budget) => Pieces, enough: number): Promise<void> {
  const most = 20 * megabyte
  const memory = new Budget({ most, clock: manualClock() })
  const pieces = open(memory)
  const size = 11 * megabyte
  const seen: number[] = []
  const append = async () => {
    const file = { key: newId(), memo: '' }
    file.memo = await pieces.begin(file.key)
    for (const offset of [0, size]) {
      const source = inChunks(filmBytes(offset, size), 65_536).map((chunk: Buffer) => {
        seen.push(memory.held)
        return chunk
      })
      assert.equal(await pieces.append(file, offset, source), offset + size)
    }
    assert.deepEqual(await pieces.complete(file), { size: 2 * size })
  }
  await Promise.all([append(), append(), append(), append()])
  const held = Math.max(...seen)
  assert.ok(held > most / 2 && held <= most + enough, `${held} bytes`)
  assert.equal(memory.held, 0)
}

/** Takes parts of ten bytes, slowly. */
class Place implements Receiver {
  readonly partSize = 10
  readonly mostParts = 100
  readonly parallel = 2
  readonly #see: () => void
  #parts: Pick<Part, 'offset' | 'bytes'>[] = []

  constructor(see: () => void) {
    this.#see = see
  }

  async whole(bytes: Buffer) {
    this.#parts = [{ offset: 0, bytes }]
  }

  async begin() {
    return {
      send: async (part: Part) => {
        this.#see()
        for (let turn = 0; turn < 5; turn++) await setImmediate()
        this.#parts.push(part)
      },
      finish: async () => {},
    }
  }

  async discard() {}

  bytes(): Buffer {
    return Buffer.concat(this.#parts.sort((one, other) => one.offset - other.offset).map(({ bytes }) => bytes))
  }
}
