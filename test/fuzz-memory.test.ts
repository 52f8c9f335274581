import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { fuzzedRequest, randomOf, sendFuzzed } from './fuzz.fixture.ts'

const routes = [
  'GET /api/videos',
  'GET /api/videos/archive',
  'GET /api/videos/:id/comments',
  'POST /api/videos',
  'POST /api/videos/:id/publish',
  'POST /api/videos/:id/comments',
  'DELETE /api/videos/:id',
  'POST /api/auth/sign-in',
  'GET /api/auth/me',
  'GET /api/door',
  'GET /openapi.json',
  'GET /api/files/:model/:id/:field',
  'GET /api/live',
  'GET /nowhere/:id',
]
const targets = { routes, tokens: [`tapri_${'x'.repeat(49)}`] }
const megabyte = 1024 ** 2

test('after 50,000 bad requests the server holds no more memory than before', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-fuzz-'))
  const server = fork(fileURLToPath(new URL('./fuzz-memory.fixture.ts', import.meta.url)), {
    cwd: folder,
    execArgv: ['--expose-gc'],
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', NODE_ENV: 'development', LOG_FORMAT: 'silent' },
  })
  const ended = once(server, 'exit').then(([code, signal]) => {
    throw new Error(`The server has ended with ${code ?? signal}`)
  })
  // it ends with the test, which nobody is to be told
  ended.catch(() => undefined)
  t.after(async () => {
    server.kill('SIGKILL')
    await ended.catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  })
  const { url } = await told<{ readonly url: string }>(server, ended)
  const port = Number(new URL(url).port)

  let seed = 0
  const send = async (requests: number) => {
    let left = requests
    const sender = async () => {
      const random = randomOf(++seed)
      while (left-- > 0) {
        const answer = await Promise.race([sendFuzzed(port, fuzzedRequest(random, targets), random), ended])
        assert.doesNotMatch(answer, /^HTTP\/1\.1 5/m)
      }
    }
    await Promise.all(Array.from({ length: 32 }, sender))
  }
  const held = () => {
    server.send('collect')
    return told<{ readonly heapUsed: number; readonly external: number }>(server, ended)
  }
  // what is compiled, cached and counted once is there after the first
  await send(5000)
  const before = await held()
  await send(50_000)
  const after = await held()
  assert.ok(after.heapUsed - before.heapUsed < 4 * megabyte, `${before.heapUsed} bytes of heap became ${after.heapUsed}`)
  assert.ok(after.external - before.external < 4 * megabyte, `${before.external} bytes outside of it became ${after.external}`)
})

async function told<T>(server: ChildProcess, ended: Promise<never>): Promise<T> {
  const [message] = await Promise.race([once(server, 'message'), ended])
  return message
}
