import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { TapriError } from '../../kit/errors.ts'
import { newId } from '../../kit/ids.ts'
import { filmBytes, inChunks, megabyte } from '../conformance/under-test.ts'
import { CloudServer } from './cloudinary/cloud-server.fixture.ts'
import { FlakyLine } from './flaky-line.fixture.ts'
import { openStore } from './open.ts'

const seed = 20_261_121
const cloud = await CloudServer.open()
after(() => cloud[Symbol.asyncDispose]())
const servers = { S3: process.env.TEST_S3_URL, Azure: process.env.TEST_AZURE_URL, 'a stand-in of Cloudinary': cloud.url }

for (const [name, server] of Object.entries(servers)) {
  const skip = server === undefined && `set TEST_${name.toUpperCase()}_URL, or start one with scripts/services`

  test(`over a line that is cut again and again files get to ${name} in pieces and come back as they were`, {
    skip,
  }, async () => {
    await using line = await FlakyLine.open(server ?? '', seed)
    const url = placeIn(server)
    const [store, straight] = [await tryAgain(() => openStore(line.instead(url))), await openStore(url)]
    const file = { key: newId(), memo: '' }
    file.memo = await tryAgain(() => store.pieces.begin(file.key))
    const size = 16 * megabyte
    for (let at = 0; at < size; ) {
      const more = Math.min(size - at, 1 + line.random(9 * megabyte))
      await store.pieces.append(file, at, inChunks(filmBytes(at, more), 65_536)).catch(mayBeCut)
      const kept = await tryAgain(() => store.pieces.offset(file))
      assert.ok(kept !== undefined && kept <= at + more, `${kept} bytes after ${at} and ${more}`)
      at = kept
    }
    assert.deepEqual(await tryAgain(() => store.pieces.complete(file)), { size })
    assert.ok(filmBytes(0, size).equals(await tryAgain(async () => buffer(await store.get(file.key)))))
    assert.ok(filmBytes(0, size).equals(await buffer(await straight.get(file.key))))
    assert.ok(line.cuts > 0, `${line.cuts} cuts`)
    await Promise.all([store.close(), straight.close()])
  })

  test(`over such a line a put to ${name} is whole or not there`, { skip }, async () => {
    await using line = await FlakyLine.open(server ?? '', seed + 1)
    const url = placeIn(server)
    const [store, straight] = [await tryAgain(() => openStore(line.instead(url))), await openStore(url)]
    for (let round = 0; round < 4; round++) {
      const key = newId()
      const size = 1 + line.random(20 * megabyte)
      const isKept = await store.put(key, inChunks(filmBytes(0, size), 65_536)).then(() => true, mayBeCut)
      const found = await straight.stat(key)
      // one whose answer was lost may be there although it was refused
      if (found === undefined) assert.equal(isKept, false)
      else assert.ok(filmBytes(0, size).equals(await buffer(await straight.get(key))))
    }
    assert.ok(line.cuts > 0, `${line.cuts} cuts`)
    await Promise.all([store.close(), straight.close()])
  })
}

function mayBeCut(error: unknown): false {
  if (error instanceof TapriError && error.code === 'TAPRI_FILES_STORE' && error.status === 503) return false
  throw error
}

async function tryAgain<Value>(work: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 20) throw error
    }
  }
}

function placeIn(server: string | undefined): string {
  const url = new URL(server ?? '')
  url.searchParams.set('prefix', `test/${newId()}`)
  return String(url)
}
