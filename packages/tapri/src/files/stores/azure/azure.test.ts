import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../kit/ids.ts'
import { storeConformance } from '../../conformance.ts'
import { openStore } from '../open.ts'
import { blockId, chainOf } from './blocks.ts'
import { TestContainer } from './container.fixture.ts'

const server = process.env.TEST_AZURE_URL
const without =
  server === undefined && 'set TEST_AZURE_URL, like azure://ACCOUNT:KEY@HOST/CONTAINER, or start one with scripts/services'
const container = server === undefined ? undefined : new TestContainer(server)

storeConformance('Azure', {
  skip: without,
  sweepsItself: true,
  place: async () => place(),
  leftovers: async (url) => (await container?.leftovers(url)) ?? [],
  // a shared access signature cannot tell the size
  direct: { names: true, ranges: true, forgery: true, sizes: false, again: true },
})

test('blocks count from the first byte on as far as they follow each other, in whatever order they are listed', () => {
  const block = (offset: number, size: number) => ({ id: blockId(offset), size })
  assert.deepEqual(chainOf([block(30, 5), block(10, 20), block(0, 10)]), [block(0, 10), block(10, 20), block(30, 5)])
  assert.deepEqual(chainOf([block(0, 10), block(11, 20)]), [block(0, 10)])
  assert.deepEqual(chainOf([block(10, 20)]), [])
})

test('a container that is not there is said at the start, without the key', { skip: without }, async () => {
  await assert.rejects(openStore(place().replace('/kites', '/nowhere')), (error: Error & { code: string; status: number }) => {
    assert.deepEqual([error.code, error.status], ['TAPRI_FILES_STORE', 507])
    assert.match(error.message, /azure:\/\/127\.0\.0\.1:\d+\/nowhere.*there is no such place \(ContainerNotFound\)/)
    assert.ok(!error.message.includes('Eby8'))
    return true
  })
})

test('a wrong key is said at the start', { skip: without }, async () => {
  await assert.rejects(openStore(place().replace('Eby8', 'abcd')), { code: 'TAPRI_FILES_STORE', message: /credentials/ })
})

test('a URL for browsers names the address that they know', { skip: without }, async () => {
  const store = await openStore(`${place()}&public=https://files.example.com`)
  const options = { expires: 60, type: 'text/plain', disposition: 'inline' }
  const url = await store.direct?.downloadUrl(newId(), options)
  assert.match(url ?? '', /^https:\/\/files\.example\.com\/devstoreaccount1\/kites\/test\//)
  await store.close()
})

function place(): string {
  assert.ok(container)
  return container.place()
}
