import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { newId } from '../kit/ids.ts'
import type { Store } from './store.ts'

/**
 * What every store must do, as tests of `node:test`; `open` gives an empty store each time.
 * @example storeConformance('disk', () => openDisk(folder))
 */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  const claim = (text: string, check: (store: Store) => Promise<void>) =>
    test(`the ${name} store ${text}`, async () => {
      const store = await open()
      try {
        await check(store)
      } finally {
        await store.close()
      }
    })

  claim('gives back the bytes it took, with their size and SHA-256', async (store) => {
    const bytes = randomBytes(3 * 1024 * 1024 + 17)
    const key = newId()
    const stored = await store.put(key, pieces(bytes, 70_001))
    assert.deepEqual(stored, { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
    assert.deepEqual(await store.stat(key), { size: bytes.length })
    assert.ok(bytes.equals(await buffer(await store.get(key))))
  })

  claim('keeps a file without bytes', async (store) => {
    const key = newId()
    assert.equal((await store.put(key, Readable.from([]))).size, 0)
    assert.equal((await buffer(await store.get(key))).length, 0)
  })

  claim('reads ranges, both ends included', async (store) => {
    const bytes = randomBytes(300_000)
    const key = newId()
    await store.put(key, pieces(bytes, 65_536))
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

  claim('serves many readers of one file at once, also while some leave early', async (store) => {
    const bytes = randomBytes(400_000)
    const key = newId()
    await store.put(key, pieces(bytes, 65_536))
    const readers = await Promise.all(Array.from({ length: 40 }, () => store.get(key)))
    const read = readers.map(async (reader, index) => {
      if (index % 3 !== 0) return bytes.equals(await buffer(reader))
      for await (const _chunk of reader) break
      return reader.destroyed
    })
    assert.ok((await Promise.all(read)).every(Boolean))
  })

  claim('leaves nothing of a put whose source fails', async (store) => {
    const key = newId()
    const source = Readable.from(
      (async function* () {
        yield randomBytes(2_000_000)
        throw new Error('the sender left')
      })(),
    )
    await assert.rejects(store.put(key, source), /the sender left/)
    await assertEmpty(store, key)
  })

  claim('leaves nothing of a put that its signal ends, and lets go of the source', async (store) => {
    const key = newId()
    const abort = new AbortController()
    const source = new Readable({ read() {} })
    source.push(randomBytes(2_000_000))
    const put = store.put(key, source, { signal: abort.signal })
    setImmediate(() => abort.abort())
    await assert.rejects(put, { name: 'AbortError' })
    assert.ok(source.destroyed)
    await assertEmpty(store, key)
  })

  claim('lists what it keeps, and nothing once it is deleted', async (store) => {
    const keys = [newId(), newId(), newId()].sort()
    for (const key of keys) await store.put(key, Readable.from([Buffer.from(key)]))
    assert.deepEqual((await listed(store)).sort(), keys)
    for (const key of keys) await store.delete(key)
    assert.deepEqual(await listed(store), [])
  })

  claim('says TAPRI_NOT_FOUND for bytes it does not have, and deletes them without complaint', async (store) => {
    const key = newId()
    assert.equal(await store.stat(key), undefined)
    await assert.rejects(store.get(key), { code: 'TAPRI_NOT_FOUND' })
    await store.delete(key)
  })

  claim('lets a reader that has begun finish after a delete', async (store) => {
    const bytes = randomBytes(900_000)
    const key = newId()
    await store.put(key, pieces(bytes, 65_536))
    const reader = await store.get(key)
    await store.delete(key)
    assert.ok(bytes.equals(await buffer(reader)))
    await assert.rejects(store.get(key), { code: 'TAPRI_NOT_FOUND' })
  })

  claim('refuses keys that could lead elsewhere', async (store) => {
    for (const key of [
      '',
      '..',
      '../../etc/passwd',
      '/etc/passwd',
      'a/b/c/d/e/f',
      'abcdefgh\0',
      'ABCDEFGH',
      'x'.repeat(65),
      'abcdefg.',
    ]) {
      await assert.rejects(store.put(key, Readable.from([Buffer.from('x')])), { code: 'TAPRI_NOT_FOUND' }, JSON.stringify(key))
      await assert.rejects(store.get(key), { code: 'TAPRI_NOT_FOUND' }, JSON.stringify(key))
    }
    assert.deepEqual(await listed(store), [])
  })

  claim('sweeps without touching what is kept or being written', async (store) => {
    const kept = newId()
    const key = newId()
    await store.put(kept, Readable.from([Buffer.from('kept')]))
    const source = new Readable({ read() {} })
    source.push(Buffer.from('half'))
    const put = store.put(key, source)
    await store.sweep()
    source.push(Buffer.from(' and half'))
    source.push(null)
    await put
    assert.equal(String(await buffer(await store.get(key))), 'half and half')
    assert.equal(String(await buffer(await store.get(kept))), 'kept')
  })
}

function pieces(bytes: Buffer, size: number): Readable {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return Readable.from(chunks)
}

async function listed(store: Store): Promise<string[]> {
  return Array.fromAsync(store.list())
}

async function assertEmpty(store: Store, key: string): Promise<void> {
  assert.equal(await store.stat(key), undefined)
  assert.deepEqual(await listed(store), [])
  assert.equal(await store.sweep(), 0)
}
