import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { systemClock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import { openStore } from '../stores/open.ts'
import {
  assertEmpty,
  badKeys,
  type Claim,
  cutAfter,
  inChunks,
  killWhileSending,
  listed,
  megabyte,
  type StoreUnderTest,
  stalledAfter,
} from './under-test.ts'

/** What holds of files that come at once. */
export function wholeClaims(
  claim: Claim,
  { sweepsItself = false, strayHours = 1 }: Pick<StoreUnderTest, 'sweepsItself' | 'strayHours'>,
): void {
  for (const size of [3 * megabyte + 17, 18 * megabyte + 5]) {
    claim(`gives back the ${size} bytes it took, with their size and SHA-256`, async ({ store, leftovers }) => {
      const bytes = randomBytes(size)
      const key = newId()
      const stored = await store.put(key, inChunks(bytes, 70_001))
      assert.deepEqual(stored, { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
      assert.deepEqual(await store.stat(key), { size: bytes.length })
      assert.ok(bytes.equals(await buffer(await store.get(key))))
      assert.deepEqual(await leftovers(), [])
    })
  }

  claim('keeps a file without bytes', async ({ store }) => {
    const key = newId()
    assert.equal((await store.put(key, Readable.from([]))).size, 0)
    assert.deepEqual(await store.stat(key), { size: 0 })
    assert.equal((await buffer(await store.get(key))).length, 0)
    assert.equal((await buffer(await store.get(key, { start: 0, end: -1 }))).length, 0)
    assert.deepEqual(await listed(store), [key])
    await store.delete(key)
    assert.equal(await store.stat(key), undefined)
  })

  claim('reads ranges, both ends included', async ({ store }) => {
    const bytes = randomBytes(300_000)
    const key = newId()
    await store.put(key, inChunks(bytes, 65_536))
    for (const [start, end] of [
      [0, 0],
      [0, 299_999],
      [299_999, 299_999],
      [131_071, 131_073],
      [5, 280_000],
    ] as const) {
      const got = await buffer(await store.get(key, { start, end }))
      assert.ok(bytes.subarray(start, end + 1).equals(got), `${start}-${end}`)
    }
  })

  claim('serves many readers of one file at once, also while some leave early', async ({ store }) => {
    const bytes = randomBytes(400_000)
    const key = newId()
    await store.put(key, inChunks(bytes, 65_536))
    const readers = await Promise.all(Array.from({ length: 40 }, () => store.get(key)))
    const read = readers.map(async (reader, index) => {
      if (index % 3 !== 0) return bytes.equals(await buffer(reader))
      for await (const _chunk of reader) break
      return reader.destroyed
    })
    assert.ok((await Promise.all(read)).every(Boolean))
  })

  for (const size of [2 * megabyte, 18 * megabyte]) {
    claim(`leaves nothing of a put whose source fails after ${size} bytes`, async (subject) => {
      const key = newId()
      await assert.rejects(subject.store.put(key, cutAfter(randomBytes(size))), /the sender left/)
      await assertEmpty(subject, key)
    })

    claim(`leaves nothing of a put that its signal ends after ${size} bytes, and lets go of the source`, async (subject) => {
      const key = newId()
      const abort = new AbortController()
      const source = stalledAfter(randomBytes(size))
      const put = subject.store.put(key, source, { signal: abort.signal })
      setImmediate(() => abort.abort())
      await assert.rejects(put, { name: 'AbortError' })
      if (!source.closed) await once(source, 'close')
      assert.ok(source.destroyed)
      await assertEmpty(subject, key)
    })
  }

  claim('leaves nothing of a put whose sender leaves before it is read', async (subject) => {
    const key = newId()
    const source = stalledAfter(randomBytes(1000))
    const put = subject.store.put(key, source)
    source.destroy(new Error('the sender left'))
    await assert.rejects(put, /the sender left/)
    await assertEmpty(subject, key)
  })

  claim('lists what it keeps, and nothing once it is deleted', async ({ store }) => {
    const keys = [newId(), newId(), newId()].sort()
    for (const key of keys) await store.put(key, Readable.from([Buffer.from(key)]))
    assert.deepEqual((await listed(store)).sort(), keys)
    for (const key of keys) await store.delete(key)
    assert.deepEqual(await listed(store), [])
  })

  claim('says TAPRI_NOT_FOUND for bytes it does not have, and deletes them without complaint', async ({ store }) => {
    const key = newId()
    assert.equal(await store.stat(key), undefined)
    await assert.rejects(store.get(key), { code: 'TAPRI_NOT_FOUND' })
    await store.delete(key)
  })

  claim('lets a reader that has begun finish after a delete', async ({ store }) => {
    const bytes = randomBytes(900_000)
    const key = newId()
    await store.put(key, inChunks(bytes, 65_536))
    const reader = await store.get(key)
    await store.delete(key)
    assert.ok(bytes.equals(await buffer(reader)))
    await assert.rejects(store.get(key), { code: 'TAPRI_NOT_FOUND' })
  })

  claim('refuses keys that could lead elsewhere', async ({ store }) => {
    const refusal = { code: 'TAPRI_NOT_FOUND' }
    for (const key of badKeys) {
      const shown = JSON.stringify(key)
      await assert.rejects(async () => store.put(key, Readable.from([Buffer.from('x')])), refusal, shown)
      await assert.rejects(async () => store.get(key), refusal, shown)
      await assert.rejects(async () => store.stat(key), refusal, shown)
      await assert.rejects(async () => store.delete(key), refusal, shown)
      await assert.rejects(async () => store.pieces.begin(key), refusal, shown)
      await assert.rejects(async () => store.pieces.abandon({ key, memo: '' }), refusal, shown)
    }
    assert.deepEqual(await listed(store), [])
  })

  claim('sweeps without touching what is kept or being written', async ({ store }) => {
    const kept = newId()
    const key = newId()
    await store.put(kept, Readable.from([Buffer.from('kept')]))
    const source = stalledAfter(Buffer.from('half'))
    const put = store.put(key, source)
    assert.equal(await store.sweep(), 0)
    source.push(Buffer.from(' and half'))
    source.push(null)
    await put
    assert.equal(String(await buffer(await store.get(key))), 'half and half')
    assert.equal(String(await buffer(await store.get(kept))), 'kept')
  })

  claim('shows nothing of a put whose process was killed', async ({ store, url }) => {
    const key = newId()
    await killWhileSending(url, key)
    assert.equal(await store.stat(key), undefined)
    assert.deepEqual(await listed(store), [])
  })

  if (sweepsItself) return
  const stray = strayHours * 3_600_000
  claim(`removes what a killed process left of a put once nothing was added for ${strayHours} h`, async (subject) => {
    const key = newId()
    await killWhileSending(subject.url, key)
    assert.equal(await subject.store.sweep(), 0)
    for (const [after, swept] of [
      [stray - 600_000, 0],
      [stray + 100_000, 1],
    ] as const) {
      assert.equal((await subject.leftovers()).length, 1)
      const later = await openStore(subject.url, { ...systemClock, now: () => Date.now() + after })
      try {
        assert.equal(await later.sweep(), swept)
      } finally {
        await later.close()
      }
    }
    await assertEmpty(subject, key)
  })
}
