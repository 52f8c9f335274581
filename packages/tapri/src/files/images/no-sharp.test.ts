import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readHead, requireSharp } from './sharp.ts'

const { registerHooks } = await import('node:module')

test('without the package that reads pictures each way to it says how to get it', {
  skip: typeof registerHooks !== 'function' && 'this runtime has no hooks for imports',
}, async () => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(specifier === 'sharp' ? 'a-package-of-nobody' : specifier, context),
  })
  const told = {
    code: 'TAPRI_FILES_NO_SHARP',
    message: 'Cannot take pictures in fields of image(): the package "sharp" is not installed, run "npm install sharp"',
  }
  try {
    assert.throws(() => requireSharp(), told)
    await assert.rejects(readHead('kite.png'), told)
  } finally {
    hooks.deregister()
  }
  assert.doesNotThrow(() => requireSharp())
})
