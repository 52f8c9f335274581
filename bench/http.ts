// HTTP side by side: raw node:http, Tapri, Fastify and Hono doing the same work with the same headers.
import { cpus } from 'node:os'
import { canPin, Worker } from './http/process.ts'

const servers = ['raw', 'tapri', 'fastify', 'hono'] as const
type ServerName = (typeof servers)[number]

interface Workload {
  readonly name: string
  readonly path: string
  readonly body?: string
  readonly connections: number
  /** Those that a figure needs; the full form asks all. */
  readonly needed: readonly ServerName[]
}

const item = JSON.stringify({ title: 'Kites over the river', price: 12.5, tags: ['sky', 'wind', 'paper'], published: true })
const workloads: readonly Workload[] = [
  { name: 'json', path: '/json', connections: 64, needed: ['raw', 'tapri'] },
  { name: 'param', path: '/users/019a9f3e?page=3', connections: 64, needed: servers },
  { name: 'post', path: '/items', body: item, connections: 64, needed: ['raw', 'tapri', 'fastify'] },
  { name: 'list', path: '/list', connections: 64, needed: ['raw', 'tapri'] },
  { name: 'stream', path: '/stream', connections: 16, needed: ['raw', 'tapri'] },
]

interface Sample {
  /** Requests per second of the server's own CPU time: what a core can do, whatever else the machine does. */
  readonly perCpuSecond: number
  readonly perSecond: number
}
type Samples = Map<string, Sample[]>

/** Milliseconds that the measuring may take in the quick form. */
const quickBudget = 48_000

export interface BenchResult {
  readonly figures: Record<string, number>
  readonly missing: string[]
  readonly report: string
}

/**
 * Runs the benchmark; `quick` ends within a minute.
 * @example const { figures } = await run({ quick: true }) // { json_vs_raw: 0.98, … }
 */
export async function run(options: { quick: boolean }): Promise<BenchResult> {
  const { rounds, seconds, warmup } = options.quick
    ? { rounds: 5, seconds: 0.6, warmup: 1 }
    : { rounds: 7, seconds: 3, warmup: 3 }
  const load = new Worker('./load.ts', 1)
  const running = new Map<ServerName, { worker: Worker; url: string }>()
  const samples: Samples = new Map()
  try {
    await load.first
    for (const name of servers) {
      const worker = new Worker(`./${name}.ts`, 0)
      running.set(name, { worker, url: `http://127.0.0.1:${(await worker.first).port}` })
    }
    const started = performance.now()
    for (let round = -1; round < rounds; round++) {
      // A busy machine makes rounds long: the quick form keeps its promise with fewer of them
      const spent = performance.now() - started
      if (options.quick && round > 0 && spent + spent / (round + 1) > quickBudget) break
      for (const workload of workloads) {
        // Neighbours in time are compared, and in turn each of them goes first
        const asked = options.quick ? workload.needed : servers
        const order = round % 2 === 0 ? asked : [...asked].reverse()
        for (const name of order) {
          const server = running.get(name)
          if (server === undefined || (round === -1 && options.quick && workload.name !== 'param' && workload.name !== 'post'))
            continue
          const sample = await measure(server, load, workload, round === -1 ? warmup : seconds)
          if (round >= 0) add(samples, `${workload.name} ${name}`, sample)
        }
      }
    }
  } finally {
    load.stop()
    for (const { worker } of running.values()) worker.stop()
  }
  return { figures: figuresOf(samples), missing: ['post_vs_nest_fastify'], report: reportOf(samples, { rounds, seconds }) }
}

async function measure(
  server: { worker: Worker; url: string },
  load: Worker,
  workload: Workload,
  seconds: number,
): Promise<Sample> {
  const before = await server.worker.ask({ cpu: true })
  const result = await load.ask({
    url: server.url + workload.path,
    method: workload.body === undefined ? 'GET' : 'POST',
    body: workload.body,
    seconds,
    connections: workload.connections,
  })
  const after = await server.worker.ask({ cpu: true })
  if (result.failed > 0) throw new Error(`Cannot compare: ${result.failed} requests of ${workload.name} failed at ${server.url}`)
  const cpuSeconds = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1e6
  return { perCpuSecond: result.requests / cpuSeconds, perSecond: result.requests / result.seconds }
}

function figuresOf(samples: Samples): Record<string, number> {
  const figures: Record<string, number> = {}
  for (const { name } of workloads) figures[`${name}_vs_raw`] = ratio(samples, name, 'raw')
  figures.param_vs_fastify = ratio(samples, 'param', 'fastify')
  figures.post_vs_fastify = ratio(samples, 'post', 'fastify')
  figures.param_vs_hono = ratio(samples, 'param', 'hono')
  return figures
}

/** The median over the rounds of Tapri's rate over the other's in the same round. */
function ratio(samples: Samples, workload: string, other: ServerName): number {
  const ours = samples.get(`${workload} tapri`) ?? []
  const theirs = samples.get(`${workload} ${other}`) ?? []
  const ratios = ours.map((sample, round) => sample.perCpuSecond / (theirs[round]?.perCpuSecond ?? Number.NaN))
  return Number(median(ratios).toFixed(3))
}

function reportOf(samples: Samples, how: { rounds: number; seconds: number }): string {
  const lines = [
    '# HTTP',
    '',
    `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${how.rounds} interleaved rounds of ${how.seconds} s;`,
    canPin
      ? 'servers on one core, load (autocannon) on another.'
      : 'servers and load share cores: processes cannot be pinned here.',
    'Medians of requests per second of server CPU time; in brackets requests per second on the clock, which the load generator bounds.',
    '',
    `| | ${servers.join(' | ')} |`,
    `|---|${servers.map(() => '---:').join('|')}|`,
  ]
  for (const { name } of workloads) {
    const cells = servers.map((server) => cellOf(samples.get(`${name} ${server}`) ?? []))
    lines.push(`| ${name} | ${cells.join(' | ')} |`)
  }
  return `${lines.join('\n')}\n`
}

function cellOf(samples: readonly Sample[]): string {
  if (samples.length === 0) return '–'
  const cpu = Math.round(median(samples.map((sample) => sample.perCpuSecond)))
  const clock = Math.round(median(samples.map((sample) => sample.perSecond)))
  return `${cpu.toLocaleString('en')} (${clock.toLocaleString('en')})`
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2
}

function add(samples: Samples, key: string, sample: Sample): void {
  const known = samples.get(key)
  if (known === undefined) samples.set(key, [sample])
  else known.push(sample)
}
