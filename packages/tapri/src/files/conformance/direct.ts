import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { type Clock, manualClock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import { contentDisposition } from '../names.ts'
import type { Direct, DirectUpload, Store } from '../store.ts'
import { openStore } from '../stores/open.ts'
import { type Claim, type DirectChecks, inChunks, listed } from './under-test.ts'

/** What holds of URLs by which browsers fetch and send by themselves. */
export function directClaims(claim: Claim, checks: DirectChecks): void {
  claim('answers a file by URL', async ({ store }) => {
    const bytes = randomBytes(200_000)
    const key = newId()
    await store.put(key, inChunks(bytes, 65_536))
    const disposition = contentDisposition('attachment', 'नमस्ते "kites".mp4')
    const url = await directOf(store).downloadUrl(key, { expires: 60, type: 'video/mp4', disposition })
    const answer = await fetch(url)
    assert.equal(answer.status, 200)
    if (checks.names) {
      assert.equal(answer.headers.get('content-type'), 'video/mp4')
      assert.equal(answer.headers.get('content-disposition'), disposition)
    }
    assert.ok(bytes.equals(Buffer.from(await answer.arrayBuffer())))
  })

  if (checks.ranges) {
    claim('answers parts of a file by URL', async ({ store }) => {
      const bytes = randomBytes(200_000)
      const key = newId()
      await store.put(key, inChunks(bytes, 65_536))
      const url = await directOf(store).downloadUrl(key, { expires: 60, type: 'video/mp4', disposition: 'inline' })
      const answer = await fetch(url, { headers: { Range: 'bytes=5-9' } })
      assert.equal(answer.status, 206)
      assert.ok(bytes.subarray(5, 10).equals(Buffer.from(await answer.arrayBuffer())))
    })
  }

  claim('takes a file by URL', async ({ store }) => {
    const bytes = randomBytes(200_000)
    const key = newId()
    const upload = await directOf(store).uploadUrl(key, { expires: 60, size: bytes.length, type: 'image/png' })
    assert.ok((await send(upload, bytes)).ok)
    assert.deepEqual(await store.stat(key), { size: bytes.length })
    assert.ok(bytes.equals(await buffer(await store.get(key))))
  })

  claim(
    'makes no URL for a file that one request does not take, and none that is good for more than a store allows',
    async ({ store }) => {
      const options = { expires: 10 ** 8, size: 5 * 1024 ** 3, type: 'video/mp4' }
      await assert.rejects(directOf(store).uploadUrl(newId(), options), { code: 'TAPRI_FILES_TOO_LARGE', status: 413 })
      assert.ok((await directOf(store).uploadUrl(newId(), { ...options, size: 1 })).url)
    },
  )

  if (checks.forgery) forgeryClaims(claim)

  if (checks.sizes) {
    claim('takes no file of another size by URL', async ({ store }) => {
      const key = newId()
      const upload = await directOf(store).uploadUrl(key, { expires: 60, size: 1000, type: 'image/png' })
      for (const size of [0, 999, 1001, 100_000]) assertRefused(await send(upload, randomBytes(size)), String(size))
      assert.equal(await store.stat(key), undefined)
    })
  }

  if (checks.again) {
    claim('takes one file by a URL, and no other in its place', async ({ store }) => {
      const bytes = randomBytes(1000)
      const key = newId()
      const upload = await directOf(store).uploadUrl(key, { expires: 60, size: bytes.length, type: 'image/png' })
      assert.ok((await send(upload, bytes)).ok)
      assert.equal((await send(upload, randomBytes(1000))).ok, false)
      const hash = (of: Buffer) => createHash('sha256').update(of).digest('hex')
      assert.equal(hash(await buffer(await store.get(key))), hash(bytes))
    })
  }
}

function forgeryClaims(claim: Claim): void {
  claim('answers nothing by a URL that has expired, and takes nothing', async ({ store, url }) => {
    const key = newId()
    await store.put(key, inChunks(Buffer.from('kites'), 10))
    // what it made an hour ago was good for a minute
    const old = await openStore(url, past)
    try {
      const options = { expires: 60, type: 'text/plain', disposition: 'inline' }
      assertRefused(await fetch(await directOf(old).downloadUrl(key, options)), 'download')
      const upload = await directOf(old).uploadUrl(newId(), { expires: 60, size: 5, type: 'text/plain' })
      assertRefused(await send(upload, Buffer.from('kites')), 'upload')
      assert.deepEqual(await listed(store), [key])
    } finally {
      await old.close()
    }
  })

  claim('answers nothing by a URL that was changed, and takes nothing', async ({ store }) => {
    const [key, other] = [newId(), newId()]
    await store.put(key, inChunks(Buffer.from('kites'), 10))
    await store.put(other, inChunks(Buffer.from('drums'), 10))
    const options = { expires: 60, type: 'text/plain', disposition: 'inline' }
    const download = await directOf(store).downloadUrl(key, options)
    assert.ok((await fetch(download)).ok)
    assertRefused(await fetch(download.replaceAll(key, other)), 'another file')
    assertRefused(await fetch(download.replace('text%2Fplain', 'text%2Fhtml')), 'another type')
    const upload = await directOf(store).uploadUrl(newId(), { expires: 60, size: 5, type: 'text/plain' })
    const elsewhere = new URL(upload.url)
    elsewhere.pathname = elsewhere.pathname.slice(0, elsewhere.pathname.lastIndexOf('/') + 1) + newId()
    assertRefused(await send({ ...upload, url: String(elsewhere) }, Buffer.from('kites')), 'another place')
    assertRefused(await fetch(download, { method: 'DELETE' }), 'deleting')
  })
}

const past: Clock = { ...manualClock(), now: () => Date.now() - 3_600_000 }

function directOf(store: Store): Direct {
  assert.ok(store.direct, 'it has no URLs for browsers')
  return store.direct
}

function send({ method, url, headers }: DirectUpload, bytes: Buffer): Promise<Response> {
  return fetch(url, { method, headers: { ...headers }, body: new Uint8Array(bytes) })
}

function assertRefused(answer: Response, what: string): void {
  assert.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status}`)
}
