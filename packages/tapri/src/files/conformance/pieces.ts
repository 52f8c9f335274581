import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { TapriError } from '../../kit/errors.ts'
import { newId } from '../../kit/ids.ts'
import type { Store, Unfinished } from '../store.ts'
import { openStore } from '../stores/open.ts'
import {
  assertEmpty,
  type Claim,
  cutAfter,
  filmBytes,
  inChunks,
  killedSize,
  killWhileSending,
  listed,
  megabyte,
  stalledAfter,
} from './under-test.ts'

/** What holds of files that come piece by piece. */
export function pieceClaims(claim: Claim): void {
  claim('joins pieces of any sizes, and shows nothing of them before', async ({ store, leftovers }) => {
    const file = await begin(store)
    assert.equal(await store.pieces.offset(file), 0)
    let size = 0
    for (const more of [1, 5 * megabyte - 2, 1, 7, 13 * megabyte, 0, 100_000, 5 * megabyte]) {
      const source = inChunks(filmBytes(size, more), 70_001)
      size += more
      assert.equal(await store.pieces.append(file, size - more, source), size)
      assert.equal(await store.pieces.offset(file), size)
    }
    assert.equal(await store.stat(file.key), undefined)
    await assert.rejects(store.get(file.key), { code: 'TAPRI_NOT_FOUND' })
    assert.deepEqual(await listed(store), [])
    assert.deepEqual(await store.pieces.complete(file), { size })
    await assertFilm(store, file, size)
    assert.deepEqual(await leftovers(), [])
  })

  claim('makes a file of no pieces an empty one', async ({ store, leftovers }) => {
    const file = await begin(store)
    assert.deepEqual(await store.pieces.complete(file), { size: 0 })
    assert.deepEqual(await store.stat(file.key), { size: 0 })
    assert.deepEqual(await leftovers(), [])
  })

  claim('refuses a piece that does not begin where the file ends, and says where that is', async ({ store }) => {
    const file = await begin(store)
    await store.pieces.append(file, 0, inChunks(filmBytes(0, 1000), 300))
    for (const offset of [0, 999, 1001, 10 ** 12]) {
      const source = inChunks(filmBytes(0, 5000), 5000)
      await assert.rejects(store.pieces.append(file, offset, source), { code: 'TAPRI_FILES_OFFSET', facts: { offset: 1000 } })
      assert.ok(source.destroyed)
    }
    assert.equal(await store.pieces.offset(file), 1000)
  })

  claim('keeps what came before the sender left, and goes on from there', async ({ store, leftovers }) => {
    const file = await begin(store)
    let size = 0
    for (const more of [9 * megabyte + 3, 65_000, 6 * megabyte]) {
      await assert.rejects(store.pieces.append(file, size, cutAfter(filmBytes(size, more))), /the sender left/)
      size += more
      assert.equal(await store.pieces.offset(file), size)
    }
    assert.equal((await store.pieces.complete(file)).size, size)
    await assertFilm(store, file, size)
    assert.deepEqual(await leftovers(), [])
  })

  claim('keeps nothing of a sender who leaves before it is read, and goes on with another', async ({ store }) => {
    const file = await begin(store)
    const source = stalledAfter(filmBytes(0, 1000))
    const append = store.pieces.append(file, 0, source)
    source.destroy(new Error('the sender left'))
    await assert.rejects(append, /the sender left/)
    const kept = await store.pieces.offset(file)
    assert.ok(kept !== undefined && kept <= 1000)
    assert.equal(await store.pieces.append(file, kept, inChunks(filmBytes(kept, 1000), 300)), kept + 1000)
  })

  claim('keeps what came before a signal ended it, though the sender says nothing', async ({ store }) => {
    const file = await begin(store)
    const abort = new AbortController()
    const source = stalledAfter(filmBytes(0, 100_000))
    const append = store.pieces.append(file, 0, source, { signal: abort.signal })
    while (source.readableLength > 0) await new Promise((resolve) => setImmediate(resolve))
    abort.abort()
    await assert.rejects(append, { name: 'AbortError' })
    assert.equal(await store.pieces.offset(file), 100_000)
  })

  claim('goes on in another process after kill -9 in the midst of a piece', async ({ store, url, leftovers }) => {
    const file = await begin(store)
    await killWhileSending(url, file.key, file.memo)
    const other = await openStore(url)
    try {
      const size = killedSize + 3 * megabyte
      await goOn(other, file, size)
      assert.deepEqual(await other.pieces.complete(file), { size })
      await assertFilm(store, file, size)
      assert.deepEqual(await leftovers(), [])
    } finally {
      await other.close()
    }
  })

  claim('abandons a file so that nothing is left, and does it again without complaint', async (subject) => {
    const { store } = subject
    for (const size of [0, 1000, 11 * megabyte]) {
      const file = await begin(store)
      await store.pieces.append(file, 0, inChunks(filmBytes(0, size), 65_536))
      await store.pieces.abandon(file)
      await store.pieces.abandon(file)
      assert.equal(await store.pieces.offset(file), undefined)
      await assert.rejects(store.pieces.append(file, size, inChunks(filmBytes(size, 10), 10)), { code: 'TAPRI_NOT_FOUND' })
      await assert.rejects(store.pieces.complete(file), { code: 'TAPRI_NOT_FOUND' })
      await assertEmpty(subject, file.key)
    }
  })

  claim('abandons a file whose memo was lost in a crash', async (subject) => {
    const file = await begin(subject.store)
    await subject.store.pieces.append(file, 0, inChunks(filmBytes(0, 11 * megabyte), 65_536))
    await subject.store.pieces.abandon({ key: file.key, memo: '' })
    await assertEmpty(subject, file.key)
  })

  claim('completes a file twice, and keeps it when it is abandoned after that', async ({ store, leftovers }) => {
    const file = await begin(store)
    const size = 9 * megabyte
    await store.pieces.append(file, 0, inChunks(filmBytes(0, size), 65_536))
    assert.deepEqual(await store.pieces.complete(file), { size })
    assert.deepEqual(await store.pieces.complete(file), { size })
    assert.equal(await store.pieces.offset(file), size)
    await store.pieces.abandon(file)
    await assertFilm(store, file, size)
    assert.deepEqual(await leftovers(), [])
  })

  claim('completes a file once when two processes ask at the same time', async ({ store, url, leftovers }) => {
    const file = await begin(store)
    const size = 6 * megabyte
    await store.pieces.append(file, 0, inChunks(filmBytes(0, size), 65_536))
    const other = await openStore(url)
    try {
      const ends = await Promise.all([store.pieces.complete(file), other.pieces.complete(file)])
      assert.deepEqual(ends, [{ size }, { size }])
    } finally {
      await other.close()
    }
    await assertFilm(store, file, size)
    assert.deepEqual(await leftovers(), [])
  })

  claim('sweeps without touching a file in pieces, and knows none that was not begun', async ({ store }) => {
    const file = await begin(store)
    await store.pieces.append(file, 0, inChunks(filmBytes(0, 10 * megabyte), 65_536))
    assert.equal(await store.sweep(), 0)
    assert.equal(await store.pieces.offset(file), 10 * megabyte)
    assert.equal(await store.pieces.offset({ key: newId(), memo: file.memo }), undefined)
  })
}

async function begin(store: Store): Promise<Unfinished> {
  const key = newId()
  return { key, memo: await store.pieces.begin(key) }
}

/** As a client does: asks where the file stands, and believes the answer when that has changed. */
async function goOn(store: Store, file: Unfinished, size: number): Promise<void> {
  for (let at = await store.pieces.offset(file); at !== size; ) {
    assert.ok(at !== undefined && at < size, `it stands at ${at}`)
    try {
      at = await store.pieces.append(file, at, inChunks(filmBytes(at, size - at), 65_536))
    } catch (error) {
      // what the killed process had sent may arrive after it
      if (!(error instanceof TapriError && error.code === 'TAPRI_FILES_OFFSET')) throw error
      at = Number(error.facts?.offset)
    }
  }
}

async function assertFilm(store: Store, { key }: Unfinished, size: number): Promise<void> {
  assert.deepEqual(await store.stat(key), { size })
  assert.ok(filmBytes(0, size).equals(await buffer(await store.get(key))), 'the bytes are others')
}
