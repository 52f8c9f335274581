import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCloudinaryUrl } from './url.ts'

test('a cloud is named as its console shows it', () => {
  assert.deepEqual(readCloudinaryUrl('cloudinary://1234:se%2Fcret@kites'), {
    cloud: 'kites',
    key: '1234',
    secret: 'se/cret',
    api: 'https://api.cloudinary.com',
    delivery: 'https://res.cloudinary.com',
    prefix: '',
    shown: 'cloudinary://kites',
  })
  assert.equal(readCloudinaryUrl('cloudinary://1:s@kites?api=https://api-eu.cloudinary.com').api, 'https://api-eu.cloudinary.com')
})

for (const [text, message] of [
  ['cloudinary:kites', /FILES_URL cannot be read/],
  ['cloudinary://1234:geheim%zz@kites', /FILES_URL cannot be read/],
  ['cloudinary://kites', /FILES_URL cannot be read/],
  ['cloudinary://1234:geheim@kites/folder', /FILES_URL cannot be read/],
  ['cloudinary://1234:geheim@kites?region=eu', /has the option "region"/],
  ['cloudinary://1234:geheim@kites?api=eu', /api is "eu"/],
] as const) {
  test(`${text.replace('geheim', 'SECRET')} is refused`, () => {
    assert.throws(
      () => readCloudinaryUrl(text),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'TAPRI_FILES_URL')
        assert.match(error.message, message)
        assert.ok(!error.message.includes('geheim'))
        return true
      },
    )
  })
}
