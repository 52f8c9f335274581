import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { peers } from './peers.ts'

const script = fileURLToPath(new URL('../defaults.mjs', import.meta.url))

test('an app that sets nothing has every default as it should be, beside what others were measured with', {
  timeout: 60_000,
}, () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const [compared = '', asked = ''] = stdout.split('\n\n')
  for (const name of Object.keys(peers)) assert.ok(compared.includes(`| ${name} `), name)
  assert.match(compared, /^\| 50 MB of JSON \| 413 \|/m)
  assert.match(asked, /^\| a POST by a page of another site \| 403 \|$/m)
})
