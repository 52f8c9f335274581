// `npm run runtimes [bun | deno …]`: the tests of HTTP, files, live queries and VideoTube on Bun and Deno, each with the
// program that TEST_BUN or TEST_DENO names, or that is on the PATH. What is known to differ is in runtimes/known.mjs.
import { spawnSync } from 'node:child_process'
import { main, prepare, root, say } from './bootstrap.mjs'
import { known } from './runtimes/known.mjs'
import { readResults } from './runtimes/results.mjs'
import { testFiles } from './test/files.mjs'

const folders = ['packages/tapri/src/http/', 'packages/tapri/src/live/', 'packages/tapri/src/files/', 'examples/videotube/test/']
/** Those that start processes of Node by themselves, or a browser. */
const ofNode = /crash|browser|upgrade\.test/
const patience = 60_000

const runtimes = {
  bun: {
    program: process.env.TEST_BUN ?? 'bun',
    version: '1.4.5',
    // tests that never end there must not begin
    args: (file, titles) => ['test', '--timeout=15000', ...(titles.length === 0 ? [] : ['-t', allBut(titles)]), `./${file}`],
  },
  deno: {
    program: process.env.TEST_DENO ?? 'deno',
    version: '2.9.6',
    args: (file) => ['test', '--allow-all', '--no-check', '--no-lock', '--node-modules-dir=manual', file],
  },
}

await main(async () => {
  await prepare()
  const wanted = process.argv.slice(2)
  let failed = 0
  for (const [name, runtime] of Object.entries(runtimes)) {
    if (wanted.length === 0 || wanted.includes(name)) failed += runOn(name, runtime)
  }
  return failed === 0 ? 0 : 1
})

/** Runs everything on one runtime; answers how many tests failed that should not. */
function runOn(name, { program, version, args }) {
  const found = spawnSync(program, ['--version'], { encoding: 'utf8' })
  if (found.status !== 0) {
    const variable = `TEST_${name.toUpperCase()}`
    process.stdout.write(
      `${name}: skipped, it is not installed; npm install ${name}@${version} in a folder elsewhere, set ${variable}\n`,
    )
    return 0
  }
  const files = testFiles(root).filter((file) => folders.some((folder) => file.startsWith(folder)) || file === 'test/app.test.ts')
  let passed = 0
  let leftOut = 0
  const failures = []
  for (const file of files) {
    if (ofNode.test(file)) continue
    const differences = known[name].filter((difference) => file.endsWith(difference.file))
    if (differences.some(({ title }) => title === undefined)) {
      leftOut++
      continue
    }
    const titles = differences.map(({ title }) => title)
    const options = {
      cwd: root,
      encoding: 'utf8',
      timeout: patience,
      killSignal: 'SIGKILL',
      env: { ...process.env, NO_COLOR: '1' },
    }
    const ended = spawnSync(program, args(file, titles), options)
    const results = readResults(`${ended.stdout}\n${ended.stderr}`)
    leftOut += titles.length
    passed += results.passed.length
    failures.push(...results.failed.filter((title) => !titles.includes(title)).map((title) => `${file}: ${title}`))
    // a file that broke off, or had nothing to say, has not passed
    if (ended.signal !== null) failures.push(`${file}: it did not end within ${patience / 1000} seconds`)
    else if (results.passed.length + results.failed.length === 0) failures.push(`${file}: no test ran`)
    else if (ended.status !== 0 && results.failed.length === 0) failures.push(`${file}: it ended with ${ended.status}`)
  }
  for (const failure of failures) say(`${name}: ${failure}`)
  const which = found.stdout.split('\n', 1)[0]?.replace(/^deno /, '') ?? ''
  process.stdout.write(`${name} ${which}: ${passed} passed, ${failures.length} failed, ${leftOut} left out as known to differ\n`)
  return failures.length
}

function allBut(titles) {
  return `^(?!.*(?:${titles.map((title) => title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')}))`
}
