import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const bootstrap = new URL('bootstrap.mjs', import.meta.url).href
// an administrator may write anywhere, so the attempt is made as nobody
const asNobody = process.getuid?.() === 0 ? 'process.setgid(65534); process.setuid(65534);' : ''

test('a folder that may not be written to is one sentence, without a stack', {
  skip: process.platform === 'win32' && 'needs POSIX rights',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-readonly-'))
  try {
    chmodSync(folder, 0o555)
    const script = `import { main, needsWriting } from '${bootstrap}'; ${asNobody} await main(() => needsWriting('${folder}'))`
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(
      stderr,
      /^Cannot write in .*tapri-readonly-\w+ \(EACCES\): give this user the right to write there, or copy the folder to a place of your own\n$/,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
