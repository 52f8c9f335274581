import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { testFiles } from './files.mjs'
import { verdict } from './verdict.mjs'

const head = `import { describe, test } from 'node:test'\n`

test('tests are counted, suites are not, and a parent counts beside its children', () => {
  const code = `${head}describe('a', () => { test('b', () => {}) })\ntest('c', async (t) => { await t.test('d', () => {}) })\n`
  assert.deepEqual(tallyOf({ 'a.test.mjs': code }), { passed: 3, failed: 0, skipped: [], empty: [] })
})

test('failed, skipped and planned tests are counted, the reason is kept', () => {
  const code = `${head}test('a', () => { throw 1 })\ntest('b', { skip: 'no browser' }, () => {})\ntest.todo('c')\n`
  assert.deepEqual(tallyOf({ 'a.test.mjs': code }), { passed: 0, failed: 1, skipped: ['b: no browser', 'c'], empty: [] })
})

test('a file that does not load has failed, one without tests is empty', () => {
  const tally = tallyOf({ 'a.test.mjs': 'throw new Error()', 'b.test.mjs': '' })
  assert.deepEqual(tally, { passed: 0, failed: 1, skipped: [], empty: ['b.test.mjs'] })
})

test('the closing line stands alone at the end and tells skipped tests', () => {
  const counts = { passed: 3, failed: 0, skipped: [], empty: [] }
  assert.deepEqual(verdict(counts, { strict: false, ended: 0 }), { lines: ['3 passed, 0 failed'], code: 0 })
  const some = { ...counts, skipped: ['b: no browser'] }
  assert.deepEqual(verdict(some, { strict: false, ended: 0 }), {
    lines: ['Skipped: b: no browser', '3 passed, 0 failed, 1 skipped'],
    code: 0,
  })
})

test('with CI=true a skipped test is a failed one', () => {
  const counts = { passed: 3, failed: 0, skipped: ['b: no browser'], empty: [] }
  const { lines, code } = verdict(counts, { strict: true, ended: 0 })
  assert.deepEqual(lines, ['Skipped, which CI=true forbids: b: no browser', '3 passed, 1 failed'])
  assert.equal(code, 1)
})

test('no test at all, an empty file and a runner that broke are failures', () => {
  const none = { passed: 0, failed: 0, skipped: [], empty: [] }
  assert.equal(verdict(none, { strict: false, ended: 0 }).code, 1)
  assert.equal(verdict({ ...none, passed: 1, empty: ['a'] }, { strict: false, ended: 0 }).code, 1)
  assert.equal(verdict({ ...none, passed: 1 }, { strict: false, ended: 9 }).code, 1)
})

test('a file that its last test leaves open is ended, and has failed', () => {
  const code = `${head}import { createServer } from 'node:net'\ntest('a', () => { createServer().listen(0) })\n`
  const limit = [`--import=${new URL('limit.mjs', import.meta.url)}`]
  const env = { TAPRI_TEST_FILE_MINUTES: '0.25' }
  assert.deepEqual(tallyOf({ 'a.test.mjs': code }, { args: limit, env }), { passed: 1, failed: 1, skipped: [], empty: [] })
})

test('filters pick test files by what their path holds', () => {
  withFiles({ 'a.test.mjs': '', 'b.test.mjs': '' }, (folder) => {
    assert.deepEqual(testFiles(folder, ['b.test']), ['test/b.test.mjs'])
    assert.equal(testFiles(folder).length, 2)
    assert.deepEqual(testFiles(folder, ['nothing']), [])
  })
})

function tallyOf(files, { args: more = [], env: also = {} } = {}) {
  return withFiles(files, (folder) => {
    const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env
    const reporter = new URL('tally.mjs', import.meta.url).href
    const args = [...more, '--test', `--test-reporter=${reporter}`, ...Object.keys(files)]
    const { stdout } = spawnSync(process.execPath, args, {
      cwd: join(folder, 'test'),
      env: { ...env, ...also },
      encoding: 'utf8',
    })
    return JSON.parse(stdout)
  })
}

function withFiles(files, use) {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-tally-'))
  try {
    for (const [file, code] of Object.entries(files)) writeFiles(folder, file, code)
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function writeFiles(folder, file, code) {
  mkdirSync(join(folder, 'test'), { recursive: true })
  writeFileSync(join(folder, 'test', file), code)
}
