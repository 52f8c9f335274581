import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from './open.ts'

test('a folder is opened by its URL', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-files-'))
  const store = await openStore(`disk:${folder}`)
  assert.deepEqual(await Array.fromAsync(store.list()), [])
  await rm(folder, { recursive: true })
})

test('a URL of no store is said, without what may be secret in it', async () => {
  for (const url of ['', 'data/files', 'gcs://key:geheim@bucket', 'disk:', 'S3:kites', 'constructor:x']) {
    await assert.rejects(openStore(url), (error: Error & { code: string }) => {
      assert.equal(error.code, 'TAPRI_FILES_URL', url)
      assert.match(error.message, /write one of "disk:data\/files", "s3:BUCKET"/)
      assert.ok(!error.message.includes('geheim'))
      return true
    })
  }
})

const { registerHooks } = await import('node:module')

test('a store whose package is not installed says how to get it', {
  skip: typeof registerHooks !== 'function' && 'this runtime has no hooks for imports',
}, async () => {
  const packages = ['@aws-sdk/client-s3', '@azure/storage-blob', 'cloudinary']
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(packages.includes(specifier) ? 'a-package-of-nobody' : specifier, context),
  })
  try {
    for (const [url, command] of [
      ['s3:kites', 'npm install @aws-sdk/client-s3 @aws-sdk/s3-request-presigner'],
      ['azure://shop:a2V5@shop.blob.core.windows.net/kites', 'npm install @azure/storage-blob'],
      ['cloudinary://1234:secret@kites', 'npm install cloudinary'],
    ] as const) {
      await assert.rejects(openStore(url), (error: Error & { code: string }) => {
        assert.equal(error.code, 'TAPRI_FILES_NO_SDK')
        assert.ok(error.message.endsWith(`run "${command}"`), error.message)
        return true
      })
    }
  } finally {
    hooks.deregister()
  }
})
