import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { systemClock } from '../../../kit/clock.ts'
import { newId } from '../../../kit/ids.ts'
import { filmBytes, inChunks, listed, megabyte } from '../../conformance/under-test.ts'
import { directConformance, storeConformance } from '../../conformance.ts'
import { copyStore } from '../../copy.ts'
import { openStore } from '../open.ts'
import { TestBucket } from './bucket.fixture.ts'
import { openBucket } from './bucket.ts'
import { readS3Url } from './url.ts'

const server = process.env.TEST_S3_URL
const without = server === undefined && 'set TEST_S3_URL, like s3://KEY:SECRET@HOST/BUCKET, or start one with scripts/services'
const bucket = server === undefined ? undefined : new TestBucket(server)
const signed = process.env.TEST_S3_SIGNED_URL
const withoutSigned = signed === undefined && 'set TEST_S3_SIGNED_URL, or start one with scripts/services'
const signedBucket = signed === undefined ? undefined : new TestBucket(signed)
after(() => {
  bucket?.close()
  signedBucket?.close()
})

storeConformance('S3', {
  skip: without,
  place: async () => placeIn(bucket),
  leftovers: async (url) => (await bucket?.leftovers(url)) ?? [],
  strayHours: 24,
  // moto believes every signature and does not read what URLs say of type and name
  direct: { names: false, ranges: true, forgery: false, sizes: false, again: true },
})

directConformance('S3 with signatures', {
  skip: withoutSigned,
  place: async () => placeIn(signedBucket),
  // radosgw answers other parts than it was asked for, and takes a second file for the first
  direct: { names: true, ranges: false, forgery: true, sizes: true, again: false },
})

test('a sweep leaves files in pieces alone, however long ago they began', {
  skip: without,
}, async () => {
  const place = placeIn(bucket)
  const { prefix } = readS3Url(place)
  const store = await openStore(place, { ...systemClock, now: () => Date.now() + 25 * 3_600_000 })
  const file = { key: newId(), memo: '' }
  file.memo = await store.pieces.begin(file.key)
  await store.pieces.append(file, 0, inChunks(filmBytes(0, 6 * megabyte), 65_536))
  const other = await openBucket(readS3Url(place))
  await other.createUpload(prefix + newId())
  assert.equal(await store.sweep(), 1)
  assert.equal(await store.pieces.offset(file), 6 * megabyte)
  await store.pieces.abandon(file)
  assert.deepEqual(await bucket?.leftovers(place), [])
  other.close()
  await store.close()
})

test('a sweep waits for the slowest sender of a part, however large parts are', { skip: without }, async () => {
  const place = placeIn(bucket).replace('part=5mb', 'part=512mb')
  const other = await openBucket(readS3Url(place))
  const upload = await other.createUpload(readS3Url(place).prefix + newId())
  await other.sendPart(upload, { number: 1, bytes: Buffer.from('kites') })
  // 16 KiB in 30 seconds make 512 MiB in 11.4 days
  for (const [days, swept] of [
    [22, 0],
    [23, 1],
  ] as const) {
    const store = await openStore(place, { ...systemClock, now: () => Date.now() + days * 24 * 3_600_000 })
    assert.equal(await store.sweep(), swept, `${days} days`)
    await store.close()
  }
  other.close()
})

test('files move from a folder to a bucket and back', { skip: without }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-files-'))
  const [here, there] = [await openStore(`disk:${folder}/here`), await openStore(placeIn(bucket))]
  const keys = Array.from({ length: 9 }, () => newId())
  for (const [index, key] of keys.entries()) await here.put(key, inChunks(filmBytes(index, index * megabyte), 65_536))
  assert.deepEqual(await copyStore(here, there), { files: 9, bytes: 36 * megabyte })
  const back = await openStore(`disk:${folder}/back`)
  assert.deepEqual(await copyStore(there, back), { files: 9, bytes: 36 * megabyte })
  for (const [index, key] of keys.entries()) {
    assert.ok(filmBytes(index, index * megabyte).equals(await buffer(await back.get(key))), key)
  }
  await Promise.all([here, there, back].map((store) => store.close()))
  await rm(folder, { recursive: true })
})

test('parts of an upload keep their size though the setting has changed', { skip: without }, async () => {
  const place = placeIn(bucket)
  const store = await openStore(place)
  const file = { key: newId(), memo: '' }
  file.memo = await store.pieces.begin(file.key)
  await store.pieces.append(file, 0, inChunks(filmBytes(0, 11 * megabyte), 65_536))
  const later = await openStore(place.replace('part=5mb', 'part=8mb'))
  assert.equal(await later.pieces.offset(file), 11 * megabyte)
  const size = 17 * megabyte
  assert.equal(await later.pieces.append(file, 11 * megabyte, inChunks(filmBytes(11 * megabyte, 6 * megabyte), 65_536)), size)
  assert.deepEqual(await later.pieces.complete(file), { size })
  await Promise.all([store.close(), later.close()])
})

test('other things in the bucket are not listed', { skip: without }, async () => {
  const place = placeIn(bucket)
  const others = await openBucket(readS3Url(place))
  const { prefix } = readS3Url(place)
  for (const name of ['readme.txt', 'other/folder', `sub/${newId()}`, 'UPPERCASE']) {
    await others.put(prefix + name, Buffer.from('x'))
  }
  const store = await openStore(place)
  const key = newId()
  await store.put(key, inChunks(Buffer.from('kites'), 5))
  assert.deepEqual(await listed(store), [key])
  others.close()
  await store.close()
})

test('a bucket that is not there is said at the start, without the secret', { skip: without }, async () => {
  const place = placeIn(bucket).replace('/kites', '/nowhere')
  await assert.rejects(openStore(place), (error: Error & { code: string; status: number }) => {
    assert.deepEqual([error.code, error.status], ['TAPRI_FILES_STORE', 507])
    assert.match(error.message, /s3:\/\/127\.0\.0\.1:\d+\/nowhere.*there is no such place \(NoSuchBucket\)/)
    assert.ok(!error.message.includes('secret'))
    return true
  })
})

test('a wrong secret is said at the start', { skip: withoutSigned }, async () => {
  const place = placeIn(signedBucket).replace('testsecretkey', 'another')
  await assert.rejects(openStore(place), {
    code: 'TAPRI_FILES_STORE',
    status: 507,
    message: /credentials.*SignatureDoesNotMatch/,
  })
})

test('a server that does not answer is 503', async () => {
  await assert.rejects(openStore('s3://test:secret@127.0.0.1:1/kites?tls=off'), {
    code: 'TAPRI_FILES_STORE',
    status: 503,
    message: /cannot be reached \(ECONNREFUSED\)/,
  })
})

test('a URL for browsers names the address that they know', { skip: without }, async () => {
  const store = await openStore(`${placeIn(bucket)}&public=https://files.example.com`)
  const options = { expires: 60, type: 'text/plain', disposition: 'inline' }
  const url = new URL((await store.direct?.downloadUrl(newId(), options)) ?? '')
  assert.equal(url.host, 'files.example.com')
  assert.equal(url.searchParams.get('response-content-type'), 'text/plain')
  await store.close()
})

function placeIn(of: TestBucket | undefined): string {
  assert.ok(of)
  return of.place()
}
