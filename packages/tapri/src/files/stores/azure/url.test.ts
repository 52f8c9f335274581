import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAzureUrl } from './url.ts'

test('a container of Azure has its account in the host', () => {
  assert.deepEqual(readAzureUrl('azure://shop:a%2Fb%3D%3D@shop.blob.core.windows.net/kites?prefix=files'), {
    account: 'shop',
    key: 'a/b==',
    endpoint: 'https://shop.blob.core.windows.net',
    publicEndpoint: undefined,
    container: 'kites',
    prefix: 'files/',
    shown: 'azure://shop.blob.core.windows.net/kites',
  })
})

test('one of another host has it in the path', () => {
  const url = readAzureUrl('azure://shop:a2V5@127.0.0.1:10000/kites?tls=off&public=https://files.example.com')
  assert.equal(url.endpoint, 'http://127.0.0.1:10000/shop')
  assert.equal(url.publicEndpoint, 'https://files.example.com/shop')
})

for (const [text, message] of [
  ['azure:kites', /FILES_URL cannot be read/],
  ['azure://shop:geheim%zz@host/kites', /FILES_URL cannot be read/],
  ['azure://shop@host/kites', /FILES_URL cannot be read/],
  ['azure://shop:geheim@host', /FILES_URL cannot be read/],
  ['azure://shop:gehe/im==@host/kites', /FILES_URL cannot be read/],
  ['azure://shop:geheim@host/Kites', /FILES_URL cannot be read/],
  ['azure://shop:geheim@host/kites?region=eu', /has the option "region"/],
  ['azure://shop:geheim@host/kites?tls=no', /tls is "no"/],
  ['azure://shop:geheim@host/kites?public=host', /public is "host"/],
] as const) {
  test(`${text.replace('geheim', 'SECRET')} is refused`, () => {
    assert.throws(
      () => readAzureUrl(text),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'TAPRI_FILES_URL')
        assert.match(error.message, message)
        assert.ok(!error.message.includes('gehe'))
        return true
      },
    )
  })
}
