// `npm test [filter …]`: every test whose file path holds one of the filters; the last line is the count.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main, prepare, root, runNode, say } from './bootstrap.mjs'
import { testFiles } from './test/files.mjs'
import { wantsServices } from './test/services.mjs'
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
  // what never ran has counted nothing
  writeFileSync(tally, '')
  const args = [
    '--test',
    '--test-concurrency=2',
    // what hangs fails, and says where
    '--test-timeout=180000',
    `--import=${new URL('test/limit.mjs', import.meta.url)}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${new URL('test/tally.mjs', import.meta.url)}`,
    `--test-reporter-destination=${tally}`,
    ...files,
  ]
  // databases are started once for all files, and only when one of these asks for them
  const around = wantsServices(root, files) ? ['scripts/services/run.ts', 'around'] : []
  const [script, ...rest] = [...around, ...args]
  const ended = await runNode(script, rest)
  const { lines, code } = verdict(readTally(tally), { strict: process.env.CI === 'true', ended })
  process.stdout.write(`\n${lines.join('\n')}\n`)
  return code
}

function readTally(path) {
  const text = readFileSync(path, 'utf8')
  // a runner that was killed has counted nothing to the end
  return text === '' ? { passed: 0, failed: 0, skipped: [], empty: [] } : JSON.parse(text)
}
