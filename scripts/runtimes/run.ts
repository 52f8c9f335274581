import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { testFiles } from '../test/files.mjs'
import { fetchRuntime, findRuntime, type RuntimeName, versions } from './find.ts'
import { known } from './known.ts'
import { readResults } from './results.ts'

const root = resolve(import.meta.dirname, '../..')
const folders = ['packages/tapri/src/http/', 'packages/tapri/src/live/', 'packages/tapri/src/files/', 'examples/videotube/test/']
/** Those that start processes of Node by themselves, or a browser. */
const ofNode = /crash|browser|upgrade\.test/
const patience = 60_000

const argumentsOf: Readonly<Record<RuntimeName, (file: string, titles: readonly string[]) => string[]>> = {
  // tests that never end there must not begin
  bun: (file, titles) => ['test', '--timeout=15000', ...(titles.length === 0 ? [] : ['-t', allBut(titles)]), `./${file}`],
  deno: (file) => ['test', '--allow-all', '--no-check', '--no-lock', '--node-modules-dir=manual', file],
}

const wanted = process.argv.slice(2)
const isPreparing = wanted[0] === 'prepare'
let failed = 0
for (const name of ['bun', 'deno'] as const) {
  if (isPreparing) await fetchRuntime(name)
  else if (wanted.length === 0 || wanted.includes(name)) failed += runOn(name)
}
process.exitCode = failed === 0 ? 0 : 1

/** Runs everything on one runtime; answers how many tests failed that should not. */
function runOn(name: RuntimeName): number {
  const runtime = findRuntime(name)
  if (runtime === undefined) {
    say(`${name}: skipped, ${versions[name]} is not installed; "npm run runtimes -- prepare" fetches it on Linux`)
    return 0
  }
  const files = testFiles(root).filter(
    (file: string) => folders.some((folder) => file.startsWith(folder)) || file === 'test/app.test.ts',
  )
  let passed = 0
  let leftOut = 0
  const failures: string[] = []
  for (const file of files) {
    if (ofNode.test(file)) continue
    const differences = known[name].filter((difference) => file.endsWith(difference.file))
    if (differences.some(({ title }) => title === undefined)) {
      leftOut++
      continue
    }
    const titles = differences.flatMap(({ title }) => title ?? [])
    const ended = spawnSync(runtime.program, argumentsOf[name](file, titles), {
      cwd: root,
      encoding: 'utf8',
      timeout: patience,
      killSignal: 'SIGKILL',
      env: { ...process.env, NO_COLOR: '1' },
    })
    const results = readResults(`${ended.stdout}\n${ended.stderr}`)
    leftOut += titles.length
    passed += results.passed.length
    failures.push(...results.failed.filter((title) => !titles.includes(title)).map((title) => `${file}: ${title}`))
    // a file that broke off, or had nothing to say, has not passed
    if (ended.signal !== null) failures.push(`${file}: it did not end within ${patience / 1000} seconds`)
    else if (results.passed.length + results.failed.length + results.skipped.length === 0) failures.push(`${file}: no test ran`)
    else if (ended.status !== 0 && results.failed.length === 0) failures.push(`${file}: it ended with ${ended.status}`)
  }
  for (const failure of failures) say(`${name}: ${failure}`)
  say(`${name} ${runtime.version}: ${passed} passed, ${failures.length} failed, ${leftOut} left out as known to differ`)
  return failures.length
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function allBut(titles: readonly string[]): string {
  return `^(?!.*(?:${titles.map((title) => title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')}))`
}
