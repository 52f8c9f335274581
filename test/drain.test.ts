import assert from 'node:assert/strict'
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const exec = fileURLToPath(new URL('./drain.fixture.ts', import.meta.url))

interface Served {
  readonly url: string
  readonly worker: Worker
  /** Ends it as a supervisor does; how many milliseconds that took. */
  end(): Promise<number>
}

/** Starts processes that listen on one socket, which this process keeps. */
async function openFleet(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-drain-'))
  const workers = new Set<Worker>()
  t.after(async () => {
    for (const worker of workers) worker.process.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  // the kernel hands connections out: nothing of this process stands between
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({ exec, args: [], execArgv: ['--disable-warning=ExperimentalWarning'], cwd: folder })

  return async function serve(mode: 'development' | 'production'): Promise<Served> {
    // one port, whichever is free: as long as one process has it node:cluster gives the same to the next
    const worker = cluster.fork({ PORT: '0', HOST: '127.0.0.1', NODE_ENV: mode, LOG_FORMAT: 'silent' })
    workers.add(worker)
    const ended = once(worker, 'exit').finally(() => workers.delete(worker))
    const started = once(worker, 'message').then(([message]) => message)
    const first = await Promise.race([started, ended.then(() => undefined)])
    if (first === undefined) throw new Error('The app ended before it listened')
    return {
      url: first.url,
      worker,
      async end() {
        const from = performance.now()
        worker.process.kill('SIGTERM')
        assert.deepEqual(await ended, [0, null])
        return performance.now() - from
      },
    }
  }
}

/** Callers that keep their connections and ask without a pause; nothing is asked twice. */
function load(url: string, { callers, path }: { readonly callers: number; readonly path: string }) {
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const failures: string[] = []
  let answered = 0
  let isOver = false
  const asking = Array.from({ length: callers }, async () => {
    while (!isOver) await ask()
  })

  function ask(): Promise<void> {
    return new Promise((resolve) => {
      const failed = (error: Error) => {
        failures.push(error.message)
        resolve()
      }
      const request = get(url + path, { agent }, (response) => {
        response.resume().on('error', failed)
        response.on('end', () => {
          if (response.statusCode === 200) answered++
          else failures.push(`status ${response.statusCode}`)
          resolve()
        })
      })
      request.on('error', failed)
    })
  }

  return async () => {
    isOver = true
    await Promise.all(asking)
    agent.destroy()
    return { answered, failures }
  }
}

test('twenty restarts behind one socket lose no request of callers who keep their connections', async (t) => {
  const serve = await openFleet(t)
  // makes the tables, which production does not; keeps the port until the next one listens
  const maker = await serve('development')
  let current = await serve('production')
  const ended = [maker.end()]
  const url = `${current.url}/api/tea`
  const stopFast = load(url, { callers: 12, path: '/hi' })
  const stopSlow = load(url, { callers: 4, path: '/slow' })
  for (let restart = 0; restart < 20; restart++) {
    const next = await serve('production')
    ended.push(current.end())
    current = next
  }
  await Promise.all(ended)
  const [fast, slow] = [await stopFast(), await stopSlow()]
  await current.end()
  t.diagnostic(`${fast.answered + slow.answered} requests answered`)
  assert.deepEqual([...fast.failures, ...slow.failures], [])
  assert.ok(fast.answered > 1000 && slow.answered > 20, `${fast.answered} and ${slow.answered} requests are no load`)
})

test('with idle connections a process ends soon after the second of grace, and long before its deadline', async (t) => {
  const serve = await openFleet(t)
  const maker = await serve('development')
  await maker.end()
  const served = await serve('production')
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const request = get(`${served.url}/api/tea/hi`, { agent })
  const [response] = await once(request, 'response')
  await once(response.resume(), 'end')
  const took = await served.end()
  t.diagnostic(`ended after ${Math.round(took)} ms`)
  // a deadline of ten seconds would be the other way to end
  assert.ok(took < 9500, `it took ${Math.round(took)} ms`)
})

test('a request that never ends is cut at the deadline, and the process ends', async (t) => {
  const serve = await openFleet(t)
  const served = await serve('development')
  const entered = once(served.worker, 'message')
  const request = get(`${served.url}/api/tea/never`)
  const cut = once(request, 'error')
  assert.deepEqual((await entered)[0], 'entered')
  await served.end()
  assert.equal((await cut)[0].code, 'ECONNRESET')
})
