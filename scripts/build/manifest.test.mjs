import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publishedManifest } from './manifest.mjs'

test('every door points at what was built, types first', () => {
  const { exports } = publishedManifest({
    name: 'tapri',
    exports: { '.': './src/app/index.ts', './data': './src/data/index.ts', './package.json': './package.json' },
  })
  assert.deepEqual(exports, {
    '.': { types: './lib/app/index.d.ts', default: './lib/app/index.js' },
    './data': { types: './lib/data/index.d.ts', default: './lib/data/index.js' },
    './package.json': './package.json',
  })
})

test('what only the repository needs stays there', () => {
  const published = publishedManifest({
    name: 'tapri',
    private: true,
    scripts: { a: 'b' },
    devDependencies: { c: '1' },
    exports: {},
  })
  assert.deepEqual(Object.keys(published), ['name', 'exports', 'files'])
})
