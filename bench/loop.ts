import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const connections = 1000
const slow = 200
/** Milliseconds between two requests of one connection. */
const pace = 1000

interface Delay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** What 1,000 open connections, 200 slow handlers and one that blocks do to everybody else. The same in quick and in full. */
export async function run(_options: {
  quick: boolean
}): Promise<{ figures: Record<string, number>; missing: string[]; report: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-loop-'))
  const server = fork(fileURLToPath(new URL('./loop/server.ts', import.meta.url)), {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', NODE_ENV: 'development', LOG_FORMAT: 'json' },
  })
  const lines: string[] = []
  server.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n')))
  try {
    const ended = once(server, 'exit').then(([code]) =>
      Promise.reject(new Error(`Cannot measure: the server has ended with ${code}`)),
    )
    const [{ url }] = await Promise.race([once(server, 'message'), ended])
    // from here on requests that fail tell it
    ended.catch(() => undefined)
    const crowd = openCrowd(url)
    // every connection is made and has been asked twice before anything counts
    await setTimeout(2 * pace)
    await delayOf(server)
    crowd.latencies.splice(0)
    const calm = await measured(server, crowd.latencies)
    // a histogram that was just emptied counts from its second look on
    await setTimeout(pace / 10)
    crowd.block()
    const blocked = await measured(server, crowd.latencies)
    await crowd.close()
    const told = lines.filter((line) => line.includes('http.loop.blocked')).length
    return {
      figures: {
        ...named('calm', calm),
        ...named('blocked', blocked),
        failed_requests: crowd.failed(),
        reports_in_the_log: told,
      },
      missing: [],
      report: `${connections} keep-alive connections of which each asks for a text once a second, ${slow} of them for one that its handler
waits a second for. Milliseconds: \`loop_delay\` is how late the server's event loop was
(\`perf_hooks.monitorEventLoopDelay\`), \`latency\` what callers of the text waited. \`calm\` is three seconds of that; in
the three seconds of \`blocked\` one handler computes for 200 milliseconds without a pause, which nobody can be answered in, and
which the app tells its log with the name of the route (\`http.loop.blocked\`). Server and callers share the machine.`,
    }
  } finally {
    server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Callers with a connection each, at a steady pace, spread over it. */
function openCrowd(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections + slow })
  const latencies: number[] = []
  let failed = 0
  let isOver = false
  const ask = async (path: string): Promise<number> => {
    const from = performance.now()
    try {
      const request = get(`${url}${path}`, { agent })
      const [response] = await once(request, 'response')
      await once(response.resume(), 'end')
      if (response.statusCode !== 200) failed++
    } catch {
      failed++
    }
    return performance.now() - from
  }
  const caller = async (index: number): Promise<void> => {
    const isSlow = index % (connections / slow) === 0
    await setTimeout((pace * index) / connections)
    while (!isOver) {
      const took = await ask(isSlow ? '/slow' : '/hi')
      if (!isSlow) latencies.push(took)
      await setTimeout(Math.max(0, pace - took))
    }
  }
  const callers = Array.from({ length: connections }, (_, index) => caller(index))
  return {
    latencies,
    block: () => void ask('/block'),
    failed: () => failed,
    async close() {
      isOver = true
      await Promise.all(callers)
      agent.destroy()
    },
  }
}

async function measured(server: ChildProcess, latencies: number[]): Promise<{ readonly delay: Delay; readonly latency: Delay }> {
  await setTimeout(3 * pace)
  const sorted = latencies.splice(0).sort((one, other) => one - other)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { delay: await delayOf(server), latency: { p50: at(0.5), p99: at(0.99), max: at(1) } }
}

async function delayOf(server: ChildProcess): Promise<Delay> {
  const answer = once(server, 'message')
  server.send({})
  const [delay]: readonly Delay[] = await answer
  if (delay === undefined) throw new Error('Cannot measure: the server has ended')
  return delay
}

function named(when: string, { delay, latency }: { readonly delay: Delay; readonly latency: Delay }): Record<string, number> {
  const of = (what: string, { p50, p99, max }: Delay) => ({
    [`${when}_${what}_p50_ms`]: p50,
    [`${when}_${what}_p99_ms`]: p99,
    [`${when}_${what}_max_ms`]: max,
  })
  return { ...of('loop_delay', delay), ...of('latency', latency) }
}
