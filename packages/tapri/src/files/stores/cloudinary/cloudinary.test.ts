import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { newId } from '../../../kit/ids.ts'
import { filmBytes, inChunks, megabyte } from '../../conformance/under-test.ts'
import { storeConformance } from '../../conformance.ts'
import { openStore } from '../open.ts'
import { CloudServer } from './cloud-server.fixture.ts'
import { readCloudinaryUrl } from './url.ts'

const server = await CloudServer.open()
after(() => server[Symbol.asyncDispose]())

storeConformance('Cloudinary (a stand-in that follows its documentation)', {
  sweepsItself: true,
  place: async () => placeAt(server.url),
  leftovers: async (url) => {
    const { prefix } = readCloudinaryUrl(url)
    return server.names(prefix).filter((name) => name.includes('/partial/'))
  },
})

// of an account: cloudinary://KEY:SECRET@CLOUD
const account = process.env.TEST_CLOUDINARY_URL
if (account !== undefined) storeConformance('Cloudinary', { sweepsItself: true, place: async () => placeAt(account) })

test('a request that fails is sent again, and in the end told with the words of Cloudinary', async () => {
  const store = await openStore(placeAt(server.url))
  const key = newId()
  server.failures = 2
  await store.put(key, inChunks(filmBytes(0, 100_000), 65_536))
  server.failures = 1
  assert.ok(filmBytes(0, 100_000).equals(await buffer(await store.get(key))))
  server.failures = 4
  await assert.rejects(Array.fromAsync(store.list()), {
    code: 'TAPRI_FILES_STORE',
    status: 503,
    message: /does not answer.*General Error/,
  })
  server.failures = 0
  await store.close()
})

test('wrong credentials are said at the start, without the secret', async () => {
  await assert.rejects(openStore(placeAt(server.url).replace(':secret@', ':geheim@')), (error: Error & { status: number }) => {
    assert.equal(error.status, 507)
    assert.match(error.message, /"cloudinary:\/\/kites".*credentials.*Invalid credentials/)
    assert.ok(!error.message.includes('geheim'))
    return true
  })
})

test('a cloud that is not there is said at the start', async () => {
  const nowhere = placeAt(server.url).replace('@kites', '@nowhere')
  await assert.rejects(openStore(nowhere), { code: 'TAPRI_FILES_STORE', status: 507, message: /there is no such place/ })
})

test('a cloud that cannot be reached is 503', async () => {
  const closed = await CloudServer.open()
  await closed[Symbol.asyncDispose]()
  await assert.rejects(openStore(closed.url), { code: 'TAPRI_FILES_STORE', status: 503, message: /cannot be reached/ })
})

test('a file of many pieces is joined whole', async () => {
  const store = await openStore(placeAt(server.url))
  const file = { key: newId(), memo: '' }
  file.memo = await store.pieces.begin(file.key)
  for (let at = 0; at < 6 * megabyte; at += megabyte) {
    await store.pieces.append(file, at, inChunks(filmBytes(at, megabyte), 65_536))
  }
  assert.deepEqual(await store.pieces.complete(file), { size: 6 * megabyte })
  assert.ok(filmBytes(0, 6 * megabyte).equals(await buffer(await store.get(file.key))))
  await store.close()
})

function placeAt(text: string): string {
  const url = new URL(text)
  url.searchParams.set('prefix', `test/${newId()}`)
  return String(url)
}
