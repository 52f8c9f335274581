import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../packages/tapri/bin/tapri.js', import.meta.url))

for (const version of ['20.20.2', '22.22.2', '23.11.0', '24.15.0']) {
  test(`the command line asks for a newer Node on Node ${version}, in one sentence`, () => {
    const old = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`
    const { status, stderr } = spawnSync(process.execPath, ['--import', old, bin, 'start'], { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.equal(stderr, `Cannot run on Node ${version}: tapri needs Node 22.23, 24.16 or newer, from https://nodejs.org\n`)
  })
}
