// The newcomer's first minutes, for .ci/run: `npm start` in a clean copy of the repository, asked a few things
// and told to stop. A second start shows that what was installed and built is kept.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { main, root, say, Trouble } from './bootstrap.mjs'

const firstStart = 300_000
const secondStart = 60_000
const drain = 15_000

await main(async () => {
  const copy = mkdtempSync(join(tmpdir(), 'tapri-smoke-'))
  try {
    copyTo(copy)
    await startAskStop(copy, ['npm', 'start'], firstStart)
    await startAskStop(copy, ['node', 'scripts/start.mjs'], secondStart)
    return 0
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
})

/** The files that git knows; without git, all but what is installed, built or stored. */
function copyTo(copy) {
  // a room of the framework is called data, too
  const left = ['node_modules', 'dist', './.git', './examples/*/data', './examples/*/.env']
    .map((name) => `--exclude='${name}'`)
    .join(' ')
  const isGit = succeeds('git', ['rev-parse', '--is-inside-work-tree'])
  const list = isGit ? 'git ls-files -z | tar --null --ignore-failed-read -T - -cf -' : `tar ${left} -cf - .`
  execFileSync('bash', ['-c', `set -o pipefail; ${list} | tar -xf - -C "$0"`, copy], { cwd: root, stdio: 'inherit' })
}

function succeeds(program, args) {
  try {
    execFileSync(program, args, { cwd: root, stdio: 'ignore' })
    return true
  } catch {
    // not there, not a repository, or one that belongs to somebody else
    return false
  }
}

async function startAskStop(folder, [program, ...args], limit) {
  const isNpm = program === 'npm'
  const which = isNpm ? 'first' : 'second'
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const began = Date.now()
  // a group of its own, so that whatever npm started can be ended with it
  const env = { ...process.env, PORT: String(port), HOST: '127.0.0.1' }
  const server = spawn(program, args, { cwd: folder, stdio: 'inherit', detached: true, env })
  const ended = new Promise((resolve) => server.once('close', (code, signal) => resolve(code ?? signal)))
  try {
    await answered(origin, ended, limit)
    say(`The ${which} start answered after ${((Date.now() - began) / 1000).toFixed(1)} s`)
    await ask(origin)
    server.kill('SIGTERM')
    await within(drain, ended, `The ${which} start did not end after SIGTERM`)
    await within(drain, gone(origin), `After SIGTERM something still answers on ${origin}`)
    // npm itself ends by the signal when its shell does; the script under it must end well
    if (!isNpm && (await ended) !== 0) throw new Trouble(`npm start ended with ${await ended} after SIGTERM, not with 0`)
  } finally {
    endGroup(server.pid)
  }
}

function endGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch (cause) {
    if (cause.code !== 'ESRCH') throw cause
  }
}

/** What a visitor's browser and a program would ask first. */
async function ask(origin) {
  const page = await get(`${origin}/`)
  if (!/<html/i.test(page)) throw new Trouble(`${origin}/ is not a page: ${page.slice(0, 200)}`)
  const { openapi } = JSON.parse(await get(`${origin}/openapi.json`))
  if (!String(openapi).startsWith('3.1')) throw new Trouble(`${origin}/openapi.json is not OpenAPI 3.1 but ${openapi}`)
  const videos = JSON.parse(await get(`${origin}/api/videos`))
  if ((videos.rows ?? videos).length === 0)
    throw new Trouble('The list of videos is empty: the first start should have put one in')
}

async function get(url) {
  const response = await fetch(url)
  const text = await response.text()
  if (!response.ok) throw new Trouble(`GET ${url} was answered with ${response.status}: ${text.slice(0, 200)}`)
  return text
}

async function answered(origin, ended, limit) {
  let over
  ended.then((code) => {
    over = code
  })
  for (const end = Date.now() + limit; Date.now() < end; await pause(250)) {
    if (over !== undefined) throw new Trouble(`npm start ended with ${over} before it answered`)
    if (
      await fetch(origin).then(
        () => true,
        () => false,
      )
    )
      return
  }
  throw new Trouble(`npm start did not answer on ${origin} within ${limit / 1000} s`)
}

async function gone(origin) {
  const answers = () =>
    fetch(origin).then(
      () => true,
      () => false,
    )
  while (await answers()) await pause(100)
}

async function within(limit, work, complaint) {
  const late = Symbol()
  const outcome = await Promise.race([work, pause(limit, undefined, { ref: false }).then(() => late)])
  if (outcome === late) throw new Trouble(`${complaint} within ${limit / 1000} s`)
  return outcome
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
