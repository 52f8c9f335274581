import { median } from '../data/race.ts'
import { ask, faultsOf } from './check.ts'
import { type Contender, contenders, type Runtime } from './contenders.ts'
import type { Worker } from './process.ts'
import { memoryAfter, type Rounds, runRounds, type Samples } from './rounds.ts'
import type { Row } from './row.ts'
import { json } from './rows/json.ts'
import { post } from './rows/post.ts'
import { openServer, type Server } from './server.ts'

/** All that was measured on one runtime. */
export interface Group {
  readonly runtime: Runtime
  readonly samples: Samples
  /** Two processes of each behind one port; Node alone. */
  readonly pairs: Samples
  /** Milliseconds from the start of the process to its first answer, and bytes resident after load. */
  readonly costs: ReadonlyMap<Contender, { readonly startup: number; readonly memory: number }>
  /** Who answers a row otherwise than it must be, and is not measured there. */
  readonly faults: readonly string[]
}

export interface GroupOptions {
  readonly runtime: Runtime
  readonly load: Worker
  readonly folder: string
  readonly rows: readonly Row[]
  readonly how: Rounds
  /** How often each server is started to see how long that takes; with 0 neither this nor memory nor two processes are measured. */
  readonly starts: number
  /** After so many GETs and so many POSTs memory is looked at. */
  readonly requests: number
}

/** Measures the servers of one runtime against each other. */
export async function measureGroup(options: GroupOptions): Promise<Group> {
  const { runtime, rows, how, starts } = options
  const own = contenders.filter((contender) => contender.runtime === runtime.name)
  const entrants = own.filter((contender) => rows.some((row) => how.takesPart(contender, row)))
  const faults: string[] = []
  const samples = await raceOf(entrants, { ...options, faults })
  const costs = starts === 0 ? new Map() : await costsOf(entrants, options)
  const inPairs = starts > 0 && runtime.name === 'node'
  const pairs: Samples = inPairs
    ? await raceOf(entrants, { ...options, rows: [json, post], processes: 'two', faults })
    : new Map()
  return { runtime, samples, pairs, costs, faults }
}

interface RaceOptions extends GroupOptions {
  readonly processes?: 'one' | 'two'
  readonly faults: string[]
}

async function raceOf(entrants: readonly Contender[], options: RaceOptions): Promise<Samples> {
  const { rows, load, how, faults } = options
  const servers: Server[] = []
  try {
    for (const contender of entrants) servers.push(await openServer(contender, options))
    const wrong = new Set<string>()
    for (const { contender, origin } of servers) {
      for (const row of rows) {
        for (const fault of await faultsOf(origin, row)) {
          wrong.add(`${contender.name} ${row.name}`)
          faults.push(`${contender.title} on ${options.runtime.title}, ${row.name}: ${fault}`)
        }
      }
    }
    const takesPart: Rounds['takesPart'] = (contender, row) =>
      how.takesPart(contender, row) && !wrong.has(`${contender.name} ${row.name}`)
    return await runRounds(servers, { load, rows, how: { ...how, takesPart } })
  } finally {
    for (const server of servers) await server.stop()
  }
}

async function costsOf(entrants: readonly Contender[], options: GroupOptions): Promise<Group['costs']> {
  const startups = new Map<Contender, number[]>(entrants.map((contender) => [contender, []]))
  const memories = new Map<Contender, number>()
  const loaded = [json, post].map((row) => ({ row, requests: options.requests }))
  for (let start = 0; start < options.starts; start++) {
    for (const contender of entrants) {
      const before = performance.now()
      const server = await openServer(contender, options)
      try {
        await ask(server.origin, json)
        startups.get(contender)?.push(performance.now() - before)
        if (start === 0) memories.set(contender, await memoryAfter(server, options.load, loaded))
      } finally {
        await server.stop()
      }
    }
  }
  return new Map(
    entrants.map((contender) => [
      contender,
      { startup: median(startups.get(contender) ?? []), memory: memories.get(contender) ?? Number.NaN },
    ]),
  )
}
