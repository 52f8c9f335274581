import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasSharp, readHead, resized } from './sharp.ts'

const { registerHooks } = await import('node:module')

test('without the package that reads pictures each way to it says how to get it', {
  skip: typeof registerHooks !== 'function' && 'this runtime has no hooks for imports',
}, async () => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(specifier === 'sharp' ? 'a-package-of-nobody' : specifier, context),
  })
  const told = {
    code: 'TAPRI_FILES_NO_SHARP',
    message: 'Cannot make a picture in another size: the package "sharp" is not installed, run "npm install sharp"',
  }
  try {
    assert.equal(hasSharp(), false)
    await assert.rejects(readHead('kite.png'), told)
    const wished = { width: 9, fit: 'cover', format: 'plain', quality: undefined, maxPixels: 9 } as const
    await assert.rejects(resized('kite.png', wished), told)
  } finally {
    hooks.deregister()
  }
})
