import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { newId } from '../../../kit/ids.ts'
import { cutAfter, filmBytes, inChunks, megabyte } from '../../conformance/under-test.ts'
import { Names } from '../place.ts'
import { blockId, blockSize } from './blocks.ts'
import { TestContainer } from './container.fixture.ts'
import { openContainer } from './container.ts'
import { AzurePieces } from './pieces.ts'
import { Rest } from './rest.ts'
import { readAzureUrl } from './url.ts'

const server = process.env.TEST_AZURE_URL
const skip = server === undefined && 'set TEST_AZURE_URL'

test('small pieces take few blocks once there are many, and are kept at once whoever goes on', { skip }, async () => {
  const { container, names, pieces, file, append, begun } = await piecesAfter(2)
  for (const more of [300, 1, 70_000, 1, 9, 5 * megabyte, 2 * megabyte, 0, 17 * megabyte, 12]) await append(more)
  assert.equal((await container.blocks(names.whole(file.key))).length, 5)
  const size = begun()
  await assert.rejects(pieces().append(file, size, cutAfter(filmBytes(size, 1000))), /the sender left/)
  await assert.rejects(pieces().append(file, size, inChunks(filmBytes(0, 9), 9)), { facts: { offset: size + 1000 } })
  const ends = await Promise.all([pieces().complete(file), pieces().complete(file)])
  assert.deepEqual(ends, [{ size: size + 1000 }, { size: size + 1000 }])
  assert.deepEqual(await pieces().complete(file), { size: size + 1000 })
  const whole = await container.get(names.whole(file.key))
  assert.ok(whole && filmBytes(0, size + 1000).equals(await buffer(whole.body)))
  assert.equal(await container.head(names.partial(file.key)), undefined)
})

test('a rest that is in a block already counts once', { skip }, async () => {
  const { container, names, pieces, file, append } = await piecesAfter(0)
  await append(1000)
  // killed before it put the next rest in the place of this
  await container.stage(names.whole(file.key), blockId(0), filmBytes(0, blockSize))
  assert.equal(await pieces().offset(file), blockSize)
  assert.equal(await pieces().append(file, blockSize, inChunks(filmBytes(blockSize, 500), 70)), blockSize + 500)
  assert.deepEqual(await pieces().complete(file), { size: blockSize + 500 })
  const whole = await container.get(names.whole(file.key))
  assert.ok(whole && filmBytes(0, blockSize + 500).equals(await buffer(whole.body)))
})

test('a rest that was changed since it was looked at is not taken for what it was', { skip }, async () => {
  const { container, names, file, append } = await piecesAfter(0)
  await append(1000)
  const rest = new Rest(container, names.partial(file.key))
  assert.equal(await rest.sizeAfter(async () => 0), 1000)
  await rest.keep(filmBytes(blockSize, 2000), blockSize)
  await assert.rejects(rest.read(1000, 0), { code: 'TAPRI_FILES_LOCKED', status: 423 })
  await rest.remove()
  await assert.rejects(rest.read(1000, 0), { code: 'TAPRI_FILES_LOCKED' })
})

test('an abandoned file leaves no rest', { skip }, async () => {
  const { container, names, pieces, file, append } = await piecesAfter(0)
  await append(1000)
  await pieces().abandon(file)
  assert.equal(await pieces().offset(file), undefined)
  assert.equal(await container.head(names.partial(file.key)), undefined)
})

/** A file of which so many blocks may be short. Each piece of it comes to a process that knows nothing of those before. */
async function piecesAfter(mostShort: number) {
  const url = readAzureUrl(new TestContainer(server ?? '').place())
  const container = await openContainer(url)
  const names = new Names(url.prefix)
  const pieces = () => new AzurePieces(container, names, undefined, { mostShort })
  const file = { key: newId(), memo: '' }
  await pieces().begin(file.key)
  let size = 0
  return {
    container,
    names,
    pieces,
    file,
    begun: () => size,
    async append(more: number) {
      assert.equal(await pieces().append(file, size, inChunks(filmBytes(size, more), 70_001)), size + more)
      size += more
      assert.equal(await pieces().offset(file), size)
    },
  }
}
