import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readS3Url } from './url.ts'

test('a bucket of Amazon needs its name alone; the rest is found as usual', () => {
  assert.deepEqual(readS3Url('s3:kites'), {
    bucket: 'kites',
    prefix: '',
    region: undefined,
    endpoint: undefined,
    publicEndpoint: undefined,
    credentials: undefined,
    isPathStyle: false,
    partSize: 8 * 1024 ** 2,
    shown: 's3:kites',
  })
  assert.equal(readS3Url('s3:kites?region=eu-central-1').region, 'eu-central-1')
})

test('a server of another kind is named with its credentials', () => {
  const url = readS3Url(
    's3://AKIA:a%2Fb%2Bc@minio.example.com:9000/kites?prefix=shop/files&part=64mb&public=https://files.example.com',
  )
  assert.deepEqual(url, {
    bucket: 'kites',
    prefix: 'shop/files/',
    region: 'us-east-1',
    endpoint: 'https://minio.example.com:9000',
    publicEndpoint: 'https://files.example.com',
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'a/b+c' },
    isPathStyle: true,
    partSize: 64 * 1024 ** 2,
    shown: 's3://minio.example.com:9000/kites',
  })
  assert.equal(readS3Url('s3://127.0.0.1:9000/kites?tls=off').endpoint, 'http://127.0.0.1:9000')
  assert.equal(readS3Url('s3:kites?endpoint=http://127.0.0.1:9000').isPathStyle, true)
  assert.equal(readS3Url('s3://oss.example.com/kites?addressing=host').isPathStyle, false)
})

test('Amazon by its host is Amazon', () => {
  const url = readS3Url('s3://AKIA:secret@s3.eu-central-1.amazonaws.com/kites?region=eu-central-1')
  assert.deepEqual([url.endpoint, url.isPathStyle], [undefined, false])
})

for (const [text, message] of [
  ['s3:', /FILES_URL cannot be read/],
  ['s3://kites', /FILES_URL cannot be read/],
  ['s3:kites/folder', /FILES_URL cannot be read/],
  ['s3:k', /FILES_URL cannot be read/],
  ['s3://AKIA:gehe/im@host/kites', /FILES_URL cannot be read/],
  ['s3://geheim@host/kites', /a key without a secret/],
  ['s3://AKIA:geheim@host/kites?endpoint=https://other', /one of them is enough/],
  ['s3:kites?regoin=eu', /has the option "regoin", known are region, prefix/],
  ['s3:kites?part=1mb', /part is "1mb".*from 5 MB to 512 MB/],
  ['s3:kites?part=many', /part is "many"/],
  ['s3:kites?tls=no', /tls is "no", it must be on or off/],
  ['s3:kites?addressing=dns', /it must be path or host/],
  ['s3:kites?prefix=../up', /prefix is "\.\.\/up"/],
  ['s3:kites?prefix=a//b', /prefix is "a\/\/b"/],
  ['s3://AKIA:geheim%zz@host/kites', /FILES_URL cannot be read/],
  ['s3:kites?prefix=a/../b', /prefix is "a\/\.\.\/b"/],
  ['s3:kites?prefix=a/.', /prefix is "a\/\."/],
  ['s3:kites?public=files.example.com', /public is "files\.example\.com"/],
] as const) {
  test(`${text.replace('geheim', 'SECRET')} is refused`, () => {
    assert.throws(
      () => readS3Url(text),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'TAPRI_FILES_URL')
        assert.match(error.message, message)
        assert.ok(!error.message.includes('gehe'))
        return true
      },
    )
  })
}
