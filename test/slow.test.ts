import assert from 'node:assert/strict'
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { findProgram } from '../scripts/services/process.ts'

const program = findProgram('slowhttptest')
const skip = program === undefined && 'slowhttptest is not installed: apt-get install slowhttptest'

const crowd = ['-c', '60', '-r', '60', '-p', '10']
/** How slowhttptest holds connections, and whether the app has to be rid of them before it gives up: its limits are 10 seconds for headers, 5 for a body. */
const attacks = [
  { what: 'headers', path: '/hi', args: ['-H', '-i', '2', '-l', '60'], isClosed: true },
  {
    what: 'bodies',
    path: '',
    args: ['-B', '-t', 'POST', '-f', 'application/json', '-s', '8192', '-i', '2', '-l', '60'],
    isClosed: true,
  },
  { what: 'ranges', path: '/hi', args: ['-R', '-l', '60'], isClosed: true },
  // an answer may be taken slowly for a minute, which a test of seconds does not see the end of
  {
    what: 'readers',
    path: '/large',
    args: ['-X', '-w', '8', '-y', '16', '-n', '2', '-z', '16', '-k', '3', '-l', '10'],
    isClosed: false,
  },
] as const

test('sixty slow senders and readers of each kind are got rid of, while others are answered', { skip }, async (t) => {
  const url = await startApp(t)
  let isOver = false
  const asking = (async () => {
    let answered = 0
    for (; !isOver; answered++) {
      // a connection of its own for each: one that is kept would show nothing
      const answer = await fetch(`${url}/hi`, { headers: { Connection: 'close' } })
      assert.equal(answer.status, 200)
      assert.equal(await answer.text(), 'hi')
    }
    return answered
  })()
  const reports = await Promise.all(
    attacks.map(async (attack) => ({ ...attack, report: await run(t, [...attack.args, ...crowd, '-u', url + attack.path]) })),
  )
  isOver = true
  for (const { what, isClosed, report } of reports) {
    assert.match(
      report,
      isClosed ? /No open connections left/ : /Hit test time limit|No open connections left/,
      `${what}: ${report}`,
    )
    assert.doesNotMatch(report, /service available:\s+NO/, `${what}: ${report}`)
  }
  assert.ok((await asking) > 10)
})

/** The URL of an app in a process of its own, which ends with the test. */
async function startApp(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-slow-'))
  const child = fork(fileURLToPath(new URL('./slow.fixture.ts', import.meta.url)), {
    cwd: folder,
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', NODE_ENV: 'development', LOG_FORMAT: 'silent' },
  })
  const ended = once(child, 'exit').then(() => undefined)
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  const started = await Promise.race([once(child, 'message'), ended])
  if (started === undefined) throw new Error('The app ended before it listened')
  return `${started[0].url}/api/tea`
}

/** What slowhttptest reports. */
async function run(t: TestContext, args: readonly string[]): Promise<string> {
  const child = spawn(program ?? '', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => void child.kill('SIGKILL'))
  let words = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      words += text
    })
  }
  await once(child, 'close')
  return stripVTControlCharacters(words)
}
