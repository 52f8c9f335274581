import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hashOf } from './web.mjs'

test('the hash changes with a content, a name and a new file, and with nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-web-'))
  try {
    writeFileSync(join(folder, 'a.ts'), 'one')
    const first = hashOf([folder])
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'dist', 'built.js'), 'built')
    writeFileSync(join(folder, 'a.ts'), 'one')
    assert.equal(hashOf([folder, join(folder, 'missing')]), first)
    writeFileSync(join(folder, 'a.ts'), 'two')
    const second = hashOf([folder])
    writeFileSync(join(folder, 'b.ts'), '')
    assert.equal(new Set([first, second, hashOf([folder])]).size, 3)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
