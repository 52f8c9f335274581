import { setTimeout } from 'node:timers/promises'
import type { Contender } from './contenders.ts'
import type { Job } from './load.ts'
import type { Worker } from './process.ts'
import type { Row } from './row.ts'
import type { Server } from './server.ts'

/** One server on one row for a moment. */
export interface Sample {
  /** Requests per second of the server's own processor time: what a core can do, whatever else the machine does. */
  readonly perCpuSecond: number
  /** Requests per second on the clock, which the load may bound. */
  readonly perSecond: number
}

/** By row and server, round by round. */
export type Samples = Map<Row, Map<Contender, Sample[]>>

export interface Rounds {
  readonly rounds: number
  readonly seconds: number
  readonly warmup: number
  /** Milliseconds for each server in each row, over all rounds: when they are spent no further round is begun. */
  readonly budget: number
  /** Whether this server takes part in this row. */
  takesPart(contender: Contender, row: Row): boolean
}

/** Interleaved rounds: neighbours in time are compared, and in turn each of them goes first. */
export async function runRounds(
  servers: readonly Server[],
  { load, rows, how }: { readonly load: Worker; readonly rows: readonly Row[]; readonly how: Rounds },
): Promise<Samples> {
  const samples: Samples = new Map()
  const pairs = rows.map((row) => ({ row, asked: servers.filter(({ contender }) => how.takesPart(contender, row)) }))
  for (const { row, asked } of pairs) {
    for (const server of asked) await measure(server, load, row, how.warmup)
    samples.set(row, new Map(asked.map(({ contender }) => [contender, []])))
  }
  const budget = how.budget * pairs.reduce((count, { asked }) => count + asked.length, 0)
  const started = performance.now()
  for (let round = 0; round < how.rounds; round++) {
    const spent = performance.now() - started
    // a busy machine makes rounds long: fewer of them keep the promise
    if (round > 0 && spent + spent / round > budget) break
    for (const { row, asked } of pairs) {
      for (const server of round % 2 === 0 ? asked : [...asked].reverse()) {
        samples
          .get(row)
          ?.get(server.contender)
          ?.push(await measure(server, load, row, how.seconds))
      }
    }
  }
  return samples
}

/** @throws when a request fails, or is answered with another status than the row has */
export async function measure(server: Server, load: Worker, row: Row, seconds: number): Promise<Sample> {
  const before = await server.usage()
  const done = await ask(load, server, row, { seconds })
  const after = await server.usage()
  return {
    perCpuSecond: done.requests / ((after.cpu - before.cpu) / 1e6),
    perSecond: done.requests / done.seconds,
  }
}

/** Asks so many requests, then lets everything come to rest and collects garbage; the bytes that are still resident. */
export async function memoryAfter(
  server: Server,
  load: Worker,
  asked: readonly { row: Row; requests: number }[],
): Promise<number> {
  for (const { row, requests } of asked) await ask(load, server, row, { requests })
  await setTimeout(500)
  const { resident } = await server.usage({ rest: true })
  return resident
}

/** Seconds for whoever has not answered once in those that were meant. */
const longer = 5

type HowLong = Pick<Job, 'seconds' | 'requests'>

async function ask(load: Worker, { origin, contender }: Server, row: Row, howLong: HowLong) {
  const { path, body, status, connections, name } = row
  const job: Job = { url: origin + path, body, status, connections, ...howLong }
  const first = counted(await load.ask(job))
  // a busy machine may not get one large answer through in a short time
  const isShort = first.requests + first.failed === 0 && job.seconds !== undefined
  const { requests, failed, seconds } = isShort ? counted(await load.ask({ ...job, seconds: longer })) : first
  if (failed > 0 || requests === 0)
    throw new Error(`Cannot compare: ${failed} requests of ${name} failed, ${requests} did not, at ${contender.title}`)
  return { requests, seconds }
}

// The load is a program of ours that answers with nothing else.
function counted(answer: object): { readonly requests: number; readonly failed: number; readonly seconds: number } {
  return answer as ReturnType<typeof counted>
}
