import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Change } from '../../packages/tapri/src/data/index.ts'
import { median } from '../data/race.ts'
import { Crowd, churn, microsecondsSince } from './crowd.ts'
import { type Engine, indexEngine, parseEngine, scanEngine } from './engines.ts'
import type { Part } from './part.ts'

const sizes = [
  { name: '1k', subscriptions: 1_000 },
  { name: '10k', subscriptions: 10_000 },
  { name: '100k', subscriptions: 100_000 },
  { name: '1m', subscriptions: 1_000_000 },
] as const
/** Beyond so many, asking each of them takes minutes. */
const mostScanned = { quick: 10_000, whole: 100_000 } as const
/** When it is quick, no crowd is begun that would not be there after so many milliseconds. */
const quickLimit = 30_000

export const matching: Part = {
  title: 'Which subscriptions a write touches',
  async measure({ quick }) {
    const figures: Record<string, number> = {}
    const missing = parseEngine() === undefined ? ['parse-server (no PARSE_SERVER_FOLDER in the environment)'] : []
    const rows: string[] = []
    const started = performance.now()
    let slowest = 0
    requireSame()
    for (const { name, subscriptions } of sizes) {
      if (quick && performance.now() - started + slowest * 10 > quickLimit) {
        missing.push(`match_${name} (the machine is too busy to be quick)`)
        continue
      }
      const found = measureAt(
        subscriptions,
        quick ? { rounds: 5, scanned: mostScanned.quick } : { rounds: 15, scanned: mostScanned.whole },
      )
      slowest = found.milliseconds
      Object.assign(figures, figuresOf(name, found))
      rows.push(rowOf(subscriptions, found))
    }
    return { figures, missing, report: reportOf(rows) }
  },
}

/** The index says what asking every subscription says, while they come and go. */
function requireSame(): void {
  requireAgreed(scanEngine(), 5_000, (said, found) => said.symmetricDifference(found).size === 0)
  const peer = parseEngine()
  if (peer === undefined) return
  // it knows nothing of what a subscription shows: of a row that was changed it may say more, never less
  requireAgreed(peer, 1_000, (said, found, { before, after }) => {
    const mayBeMore = before !== null && after !== null
    return mayBeMore ? said.isSubsetOf(found) : said.symmetricDifference(found).size === 0
  })
}

type Agrees = (said: ReadonlySet<number>, found: ReadonlySet<number>, change: Change) => boolean

function requireAgreed(engine: Engine, subscriptions: number, agrees: Agrees): void {
  const [index, other] = [new Crowd(indexEngine(), subscriptions), new Crowd(engine, subscriptions)]
  for (const change of index.changes(1_000)) {
    const [said, found] = [new Set(index.write(change)), new Set(other.write(change))]
    if (agrees(said, found, change)) continue
    throw new Error(`"${engine.name}" says that ${JSON.stringify(change)} touches ${[...found]}, the index ${[...said]}`)
  }
}

function otherEngines(): Engine[] {
  return [scanEngine(), parseEngine()].filter((engine) => engine !== undefined)
}

interface Found {
  readonly rates: ReadonlyMap<Engine['name'], number>
  /** How many subscriptions one write touches. */
  readonly touched: number
  /** Of each subscription. */
  readonly bytes: number
  /** Of processor time, to subscribe. */
  readonly microseconds: number
  /** In which all of them subscribed. */
  readonly milliseconds: number
}

function figuresOf(name: string, { rates, bytes }: Found): Record<string, number> {
  const index = rates.get('index') ?? Number.NaN
  const figures: Record<string, number> = { [`match_${name}`]: Math.round(index), [`match_${name}_bytes`]: Math.round(bytes) }
  for (const other of ['scan', 'parse'] as const) {
    const rate = rates.get(other)
    if (rate !== undefined) figures[`match_${name}_vs_${other}`] = Number((index / rate).toFixed(1))
  }
  return figures
}

function rowOf(subscriptions: number, { rates, touched, bytes, microseconds }: Found): string {
  const cells = (['index', 'scan', 'parse'] as const).map((name) => {
    const rate = rates.get(name)
    return rate === undefined ? '' : Math.round(rate).toLocaleString('en')
  })
  cells.push(touched.toFixed(1), String(Math.round(bytes)), microseconds.toFixed(1))
  return `| ${subscriptions.toLocaleString('en')} | ${cells.join(' | ')} |`
}

function measureAt(subscriptions: number, { rounds, scanned }: { readonly rounds: number; readonly scanned: number }): Found {
  const empty = heapUsed()
  const began = performance.now()
  const started = process.cpuUsage()
  const index = new Crowd(indexEngine(), subscriptions)
  const microseconds = microsecondsSince(started) / subscriptions
  const milliseconds = performance.now() - began
  const bytes = (heapUsed() - empty) / subscriptions
  const others = subscriptions > scanned ? [] : otherEngines()
  const crowds = [index, ...others.map((engine) => new Crowd(engine, subscriptions))]
  const rates = new Map<Engine['name'], number[]>(crowds.map(({ engine }) => [engine.name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const crowd of round % 2 === 0 ? crowds : crowds.toReversed()) {
      const rate = crowd.rate(crowd.changes(writesOf(crowd.engine, subscriptions)))
      // the first round warms up
      if (round > 0) rates.get(crowd.engine.name)?.push(rate)
    }
  }
  const medians = new Map([...rates].map(([name, found]) => [name, median(found)]))
  return { rates: medians, touched: index.touchedByEach, bytes, microseconds, milliseconds }
}

/** In one round, so that it is long enough to be told and short enough to be had. */
function writesOf({ name }: Engine, subscriptions: number): number {
  if (name === 'index') return 30_000
  const asked = name === 'scan' ? 1_000_000 : 100_000
  return Math.max(2, Math.round(asked / subscriptions))
}

/** Bytes that are in use when everything else has been collected. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

function reportOf(rows: readonly string[]): string {
  return `Writes that are matched in a second of processor time (all threads of the process; medians of rounds in which all take turns), each
asked with the row before and after it; in every ${churn}th a subscription ends and another begins. Of the subscriptions 70 % name a room, half of these
with a kind; 20 % a room and prices from … to; 8 % prices only; 2 % one of four rooms, or a room or an author. 40 % of the
writes are new rows, 10 % deleted ones, 50 % changed ones. \`scan\` asks each subscription in turn, with the same answers;
\`parse-server\` is its matcher (\`QueryTools.matchesQuery\`), asked as its server asks it, for each query with a copy of the row before and after.

| subscriptions | Tapri | scan | parse-server | touched by each write | bytes for each subscription | microseconds to subscribe |
|---:|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}`
}
