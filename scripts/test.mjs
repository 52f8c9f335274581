// `npm test [filter …]`: every test whose file path holds one of the filters; the last line is the count.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main, prepare, root, runNode, say } from './bootstrap.mjs'
import { testFiles } from './test/files.mjs'
import { verdict } from './test/verdict.mjs'
import { buildWeb } from './web.mjs'

await main(async () => {
  const filters = process.argv.slice(2)
  const files = testFiles(root, filters)
  if (files.length === 0) {
    say(`No test file has ${filters.map((filter) => `"${filter}"`).join(' or ')} in its path`)
    process.stdout.write('0 passed, 0 failed\n')
    return 1
  }
  await prepare()
  if (files.some((file) => file.startsWith('examples/'))) await buildWeb()
  say(`Running ${files.length} test ${files.length === 1 ? 'file' : 'files'} …`)

  const folder = mkdtempSync(join(tmpdir(), 'tapri-test-'))
  try {
    return await runTests(files, join(folder, 'tally.json'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

async function runTests(files, tally) {
  const ended = await runNode('--test', [
    '--test-concurrency=2',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${new URL('test/tally.mjs', import.meta.url)}`,
    `--test-reporter-destination=${tally}`,
    ...files,
  ])
  const { lines, code } = verdict(readTally(tally), { strict: process.env.CI === 'true', ended })
  process.stdout.write(`\n${lines.join('\n')}\n`)
  return code
}

function readTally(path) {
  const text = readFileSync(path, 'utf8')
  // a runner that was killed has counted nothing to the end
  return text === '' ? { passed: 0, failed: 0, skipped: [], empty: [] } : JSON.parse(text)
}
