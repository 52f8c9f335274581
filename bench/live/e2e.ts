import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Scratch, scratchDatabase } from '../../packages/tapri/src/data/index.ts'
import { Worker } from '../http/process.ts'
import type { Verdict, Written } from './e2e/judge.ts'
import { type World, worldOf } from './e2e/world.ts'
import { PacedWriter } from './e2e/writer.ts'
import type { Part } from './part.ts'

const perSecond = 200
const whole = { subscriptions: 100_000, warmUp: 5, seconds: 30, compared: 1 } as const
/** Of the answers, a part is asked for in the end. */
const quickly = { subscriptions: 10_000, warmUp: 1, seconds: 3, compared: 0.1 } as const
/** When it is quick, no database is begun with so many milliseconds after the start. */
const quickLimit = 40_000
const socketsAtOnce = 25

type Size = typeof whole | typeof quickly

interface Found extends Verdict {
  /** By the protocol itself: see `Faults`. */
  readonly broken: number
  readonly repeated: number
  /** Answers that were not those of a fresh GET in the end. */
  readonly different: number
  readonly asked: number
  /** In which all subscriptions had their first answers. */
  readonly opened: number
  readonly perSecond: number
  /** Of the server, of one core. */
  readonly busy: number
  readonly megabytes: number
}

export const endToEnd: Part = {
  title: 'From a commit to the clients',
  async measure({ quick }) {
    const size = quick ? quickly : whole
    const figures: Record<string, number> = { e2e_subscriptions: size.subscriptions, e2e_writes_per_second: perSecond }
    const missing: string[] = []
    const rows: string[] = []
    const sums = { lost: 0, duplicated: 0, unauthorised: 0, different: 0 }
    for (const { name, shown, open } of places) {
      if (quick && performance.now() > quickLimit) {
        missing.push(`e2e on ${shown} (the machine is too busy to be quick)`)
        continue
      }
      const place = await open()
      if (typeof place === 'string') {
        missing.push(place)
        continue
      }
      const found = await measureOn(place.url, size).finally(() => place.dispose())
      figures[`e2e_${name}p50_ms`] = Number(found.p50.toFixed(2))
      figures[`e2e_${name}p99_ms`] = Number(found.p99.toFixed(2))
      sums.lost += found.lost + found.broken
      sums.duplicated += found.repeated
      sums.unauthorised += found.unauthorised
      sums.different += found.different
      rows.push(rowOf(shown, found))
    }
    return { figures: { ...figures, ...sums }, missing, report: reportOf(size, rows) }
  },
}

interface PlaceOf {
  /** Of the figures; the first has none. */
  readonly name: '' | 'postgres_'
  readonly shown: string
  /** A text says why it cannot be. */
  open(): Promise<Scratch | string>
}

const places: readonly PlaceOf[] = [
  {
    name: '',
    shown: 'SQLite, a file',
    async open() {
      const folder = mkdtempSync(join(tmpdir(), 'tapri-bench-'))
      return { url: `sqlite:${join(folder, 'live.db')}`, dispose: async () => rmSync(folder, { recursive: true, force: true }) }
    },
  },
  {
    name: 'postgres_',
    shown: 'PostgreSQL',
    async open() {
      const url = process.env.TEST_POSTGRES_URL
      if (url === undefined || url === '') return 'e2e on postgres (no TEST_POSTGRES_URL in the environment)'
      try {
        return await scratchDatabase(url)
      } catch {
        return 'e2e on postgres (nothing answers at TEST_POSTGRES_URL)'
      }
    },
  },
]

async function measureOn(url: string, size: Size): Promise<Found> {
  const world = worldOf(size.subscriptions)
  const files = mkdtempSync(join(tmpdir(), 'tapri-bench-'))
  const env = { BENCH_WORLD: JSON.stringify(world), BENCH_URL: url, BENCH_FILES: `disk:${files}` }
  const server = new Worker('../live/e2e/server.ts', { cores: '0', command: [process.execPath], env })
  const crowd = new Worker('../live/e2e/crowd.ts', { cores: '1', command: [process.execPath] })
  try {
    const [filled]: any[] = await Promise.all([server.first, crowd.first])
    const { port } = filled
    const opened = await openAll(crowd, { world, ...filled })
    const writer = new PacedWriter(`http://127.0.0.1:${port}`, { world, ...filled })
    await writer.write(size.warmUp * perSecond, perSecond)
    const warm = new Set(writer.writes.map(({ mark }) => mark))
    const before: any = await server.ask({ do: 'tell' })
    const rate = await writer.write(size.seconds * perSecond, perSecond)
    const after: any = await server.ask({ do: 'tell' })
    await crowd.ask({ do: 'reach', token: writer.token })
    const at = new Map((await server.ask({ do: 'commits' })) as [number, number][])
    const writes = writer.writes.map((write): Written => {
      return { ...write, at: at.get(write.mark) ?? Number.NaN, isTimed: !warm.has(write.mark) }
    })
    const verdict: any = await crowd.ask({ do: 'judge', writes })
    return {
      ...verdict,
      ...(await compareAll(crowd, port, world.sockets * size.compared)),
      opened,
      perSecond: rate,
      busy: (after.cpu - before.cpu) / (size.seconds * (perSecond / rate)),
      megabytes: after.rss / 1024 ** 2,
    }
  } finally {
    await Promise.all([server.stop(), crowd.stop()])
    rmSync(files, { recursive: true, force: true })
  }
}

/** Seconds until every subscription is answered. */
async function openAll(crowd: Worker, filled: { readonly world: World; readonly offers: readonly { readonly id: string }[] }) {
  const begun = performance.now()
  const offers = filled.offers.map(({ id }) => id)
  for (let sockets = 0; sockets < filled.world.sockets; sockets += socketsAtOnce) {
    const count = Math.min(socketsAtOnce, filled.world.sockets - sockets)
    await crowd.ask({ do: 'open', ...filled, offers, count })
  }
  return (performance.now() - begun) / 1000
}

async function compareAll(crowd: Worker, port: number, sockets: number): Promise<Pick<Found, 'asked' | 'different'>> {
  const sum = { asked: 0, different: 0 }
  for (let from = 0; from < sockets; from += socketsAtOnce) {
    const found: any = await crowd.ask({ do: 'compare', port, from, to: Math.min(from + socketsAtOnce, sockets) })
    sum.asked += found.asked
    sum.different += found.different
  }
  return sum
}

function rowOf(shown: string, found: Found): string {
  const times = [found.p50, found.p99, found.longest].map((each) => each.toFixed(2))
  const faults = [found.lost + found.broken, found.repeated, found.unauthorised, found.different]
  const load = [found.perSecond.toFixed(0), found.deliveries.toLocaleString('en'), `${(found.busy * 100).toFixed(0)} %`]
  const cells = [...load, ...times, ...faults, found.opened.toFixed(1), found.megabytes.toFixed(0)]
  return `| ${shown} | ${cells.join(' | ')} |`
}

function reportOf({ subscriptions, warmUp, seconds, compared }: Size, rows: readonly string[]): string {
  const { sockets, people } = worldOf(subscriptions)
  const head = `| database | writes/s | deliveries | server, of a core | p50 ms | p99 ms | longest ms | lost | duplicated | unauthorised | different in the end | subscribed within s | server MB |`
  return `${subscriptions.toLocaleString('en')} subscriptions over ${sockets.toLocaleString('en')} WebSockets to one app in a process of its own: the newest of a room (35 %) and
of two rooms (5 %), windows of ten rows and of twenty; the rows of a kind in a room (20 %), of a range of prices (15 %), single rows (10 %), counts
(5 %), and what is the caller's own (10 %). Every tenth socket is a visitor's, the others belong to ${people.toLocaleString('en')} people. Half of the rows are
open to all, the rest to one of five circles. For ${seconds} seconds, after ${warmUp} to warm up, ${perSecond} writes a second go over HTTP, begun when their time has
come: prices, titles, rooms and openness of rows change, rows come and go. Times are from the moment COMMIT had answered to the moment the
client had parsed the frame, of each row in each subscription. **Lost** are writes that a subscription should have shown and did not, or that
broke its chain of changes; **duplicated** changes that came twice; **unauthorised** writes shown to who may not read them, or does not follow
them; **different** answers that were, in the end, not those of a fresh GET as the same caller, of which ${compared === 1 ? 'all are' : `${compared * 100} % are`}
asked.

${head}
|---|${'---:|'.repeat(12)}
${rows.join('\n')}`
}
