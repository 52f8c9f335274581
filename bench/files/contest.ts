import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../scripts/services/process.ts'
import { canPin, Worker } from '../http/process.ts'
import type { Done, Job } from './load.ts'
import { nginx, openNginx } from './nginx.ts'
import { forgetPeak, usageOf } from './usage.ts'

/** A server of this benchmark: a program of its own in `servers/`, or nginx. */
export interface Contender {
  readonly name: string
  /** For people. */
  readonly title: string
  /** As `taskset` writes them; the first one unless told. */
  readonly cores?: string
}

export interface Server extends Contender {
  readonly port: number
  /** Where it keeps what it is sent, and finds what it serves. */
  readonly folder: string
  /** Where its file is, once it is known. */
  path: string
  readonly pid: number
  stop(): Promise<void>
}

export interface Sample {
  /** Seconds of the server's processor time. */
  readonly cpu: number
  readonly seconds: number
  /** The most bytes that were resident. */
  readonly peak: number
  readonly done: Done
}

/** Tapri is the package that was built. */
const published = new URL('published.ts', import.meta.url).href

/** Servers run on the first core, the load on the second. */
const cores = { servers: '0', load: '1' }

export function openLoad(): Worker {
  return new Worker('../files/load.ts', { cores: cores.load, command: [process.execPath] })
}

/** Why somebody cannot take part here, by name. */
export function absent(names: readonly string[]): readonly string[] {
  const reasons: Record<string, string | false> = {
    nginx: nginx === undefined && 'nginx (apt-get install nginx-light)',
    sharp: !isInstalled('sharp') && 'sharp (npm install sharp)',
    ffmpeg: findProgram('ffmpeg') === undefined && 'ffmpeg (apt-get install ffmpeg)',
  }
  return names.flatMap((name) => reasons[name] || [])
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    // an optional package that nobody asked for
    return false
  }
}

/** Starts one of them; `shared` is a folder with the file that servers of folders serve, `imports` are loaded before a program. */
export async function openServer(
  contender: Contender,
  home: string,
  shared: string,
  imports: readonly string[] = [],
): Promise<Server> {
  const { name } = contender
  const servesFolder = ['nginx', 'fastify-static', 'express-static', 'stream', 'sharp'].includes(name)
  const folder = servesFolder ? shared : join(home, name)
  mkdirSync(folder, { recursive: true })
  const common = { ...contender, folder, path: '/film.bin' }
  if (name === 'nginx') {
    const pin = canPin ? ['taskset', '-c', cores.servers] : []
    return { ...common, ...(await openNginx(nginx ?? '', folder, pin)) }
  }
  const worker = new Worker(`../files/servers/${name}.ts`, {
    cores: contender.cores ?? cores.servers,
    command: [process.execPath, '--disable-warning=ExperimentalWarning', ...imports.map((each) => `--import=${each}`)],
    env: { BENCH_FILES_FOLDER: folder },
  })
  try {
    const { port, pid }: any = await worker.first
    return { ...common, port, pid, stop: () => worker.stop() }
  } catch (cause) {
    await worker.stop()
    throw new Error(`Cannot start ${contender.title}`, { cause })
  }
}

/** Lets the load do something with a server, and sees what the server used for it. */
export async function measure(server: Server, load: Worker, job: Job): Promise<Sample> {
  forgetPeak(server.pid)
  const before = usageOf(server.pid)
  const done = await ask(load, job)
  const after = usageOf(server.pid)
  return { cpu: after.cpu - before.cpu, seconds: done.seconds, peak: after.peak, done }
}

export async function ask(load: Worker, job: Job): Promise<Done> {
  const answer: any = await load.ask(job)
  if (answer.error !== undefined) throw new Error(`Cannot compare: ${answer.error}`)
  return answer
}

/** Servers of one part, and a folder for them, until all is over. */
export async function withServers<T>(
  contenders: readonly Contender[],
  { home, shared }: { readonly home: string; readonly shared: string },
  use: (servers: readonly Server[]) => Promise<T>,
): Promise<T> {
  const missing = contenders.filter(({ name }) => absent([name]).length > 0)
  const servers: Server[] = []
  try {
    for (const contender of contenders) {
      if (!missing.includes(contender)) servers.push(await openServer(contender, home, shared, [published]))
    }
    return await use(servers)
  } finally {
    for (const server of servers) await server.stop()
    for (const { name } of contenders) rmSync(join(home, name), { recursive: true, force: true })
  }
}
