import type { Contender, Runtime } from './contenders.ts'
import type { Usage } from './peers/listening.ts'
import { Worker } from './process.ts'

/** Servers are on the first core, and the second when there are two of them; the load is on the last. */
const serverCores = { one: '0', two: '0,1' } as const

export interface Server {
  readonly contender: Contender
  readonly origin: string
  /** What it has used so far; with `rest` all garbage is collected first. */
  usage(options?: { readonly rest: boolean }): Promise<Usage>
  stop(): Promise<void>
}

export interface ServerOptions {
  readonly runtime: Runtime
  /** Where the file is that it serves. */
  readonly folder: string
  /** Processes behind one port; only Node has the `cluster` that starts them. */
  readonly processes?: 'one' | 'two'
}

/** Starts one, and waits until it listens. */
export async function openServer(contender: Contender, options: ServerOptions): Promise<Server> {
  const { runtime, folder, processes = 'one' } = options
  const file = `./peers/${contender.name}.ts`
  const worker = new Worker(processes === 'two' ? './cluster.ts' : file, {
    command: runtime.command,
    cores: serverCores[processes],
    args: processes === 'two' ? [file] : [],
    env: { BENCH_HTTP_FOLDER: folder },
  })
  try {
    const port = numberOf(await worker.first, 'port')
    return {
      contender,
      origin: `http://127.0.0.1:${port}`,
      async usage({ rest } = { rest: false }) {
        const answer = await worker.ask({ rest })
        return { cpu: numberOf(answer, 'cpu'), resident: numberOf(answer, 'resident') }
      },
      stop: () => worker.stop(),
    }
  } catch (cause) {
    await worker.stop()
    throw new Error(`Cannot start ${contender.title} on ${runtime.title}`, { cause })
  }
}

function numberOf(answer: object, key: string): number {
  const value: unknown = Reflect.get(answer, key)
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new Error(`Cannot understand a benchmark process: its "${key}" is ${String(value)}`)
}
