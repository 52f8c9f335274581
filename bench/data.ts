// The data room side by side with the bare drivers and the ORMs, and its answers with those of the evaluator.
import { setTimeout } from 'node:timers/promises'
import { agree } from '../packages/tapri/src/data/equivalence.fixture.ts'
import type { Arena } from './data/arena.ts'
import { measureLoop } from './data/loop.ts'
import { type Place, placesOf } from './data/places.ts'
import { type Race, type Rates, rateRatio } from './data/race.ts'
import { type Measured, reportOf } from './data/report.ts'
import { measure, requireSame, type Workload, workloads } from './data/workloads.ts'
import { changeLogOverhead, groupCommitGain } from './data/writes.ts'

export interface BenchResult {
  readonly figures: Record<string, number>
  readonly missing: string[]
  readonly report: string
}

/** What is known so far. */
interface Found extends Omit<BenchResult, 'report'> {
  readonly measured: Measured[]
  inserts: string
  /** The one that is measured now. */
  arena: Arena | undefined
}

interface Form {
  /** All peers and workloads. */
  readonly isWhole: boolean
  readonly rounds: Omit<Race, 'callers'>
  readonly workloads: readonly Workload[]
  /** Seconds in which answers are compared with the evaluator's, on each database. */
  readonly comparing: (places: number) => number
  /** No database is begun after so many milliseconds. */
  readonly until: number
  /** By then everything ends. */
  readonly atMost: number
}

const quickForm: Form = {
  isWhole: false,
  rounds: { rounds: 5, milliseconds: 80 },
  workloads: ['point', 'insert', 'list'],
  comparing: (places) => 10 / places,
  until: 36_000,
  atMost: 50_000,
}
const fullForm: Form = {
  isWhole: true,
  rounds: { rounds: 11, milliseconds: 200 },
  workloads,
  comparing: () => 30,
  until: Number.POSITIVE_INFINITY,
  atMost: 3_600_000,
}

/**
 * Runs the benchmark; `quick` ends within a minute. `X_vs_Y` is how often Tapri does X while Y does it once: above 1 it
 * is faster, and 0.77 is 1.3 times the other's time.
 * @example const { figures } = await run({ quick: true }) // { equivalence_agreed: 10000, point_read_vs_driver: 0.9, … }
 */
export async function run({ quick }: { quick: boolean }): Promise<BenchResult> {
  const form = quick ? quickForm : fullForm
  const found: Found = {
    figures: {},
    missing: ['prisma (its engine is a download)'],
    measured: [],
    inserts: '',
    arena: undefined,
  }
  const late = setTimeout(form.atMost, 'late', { ref: false })
  const ended = await Promise.race([late, measureAll(form, found)])
  if (ended === 'late') {
    found.missing.push('what would have come after these figures (the machine was too busy)')
    // what is left behind concerns nobody's figures
    await Promise.race([found.arena?.close().catch(() => {}), setTimeout(cleaningAtMost)])
  }
  const report = `${reportOf(found.measured, form.rounds)}\n\n${found.inserts}`
  return { figures: { ...found.figures }, missing: [...found.missing], report }
}

const cleaningAtMost = 4000

/** Fills `found` as it goes: what is there when the time is over counts. */
async function measureAll(form: Form, found: Found): Promise<void> {
  const started = performance.now()
  const [sqlite, ...servers] = await placesOf({ orms: form.isWhole, missing: found.missing })
  await measureOn(sqlite, form, found)
  await measureWrites(form, found)
  await compareAnswers([sqlite, ...servers], form, found)
  for (const place of servers) {
    if (performance.now() - started < form.until) await measureOn(place, form, found)
    else found.missing.push(`the speed of ${place.database} (the time was over)`)
  }
  if (form.isWhole) Object.assign(found.figures, await measureLoop({ quick: false }))
  else found.missing.push('the other peers and workloads, and how long the event loop stands still (in the full form)')
}

async function measureWrites({ rounds }: Form, found: Found): Promise<void> {
  const { gain, alone, together } = await groupCommitGain(rounds)
  // what is looked for is small beside what a disk takes now and then: many short rounds
  const short = { rounds: rounds.rounds * 3, milliseconds: rounds.milliseconds / 2 }
  const log = await changeLogOverhead(short)
  found.figures.group_commit_gain = gain
  found.figures.change_log_overhead = Math.max(log.together, log.alone)
  found.figures.change_log_overhead_alone = log.alone
  found.figures.change_log_overhead_together = log.together
  found.inserts = `Durable inserts on SQLite: ${Math.round(alone)} a second one after another, ${Math.round(together)} with 64 callers.`
}

/** Seconds for the last round to end, which has begun in time; shrinking what does not agree takes longer. */
const grace = 6

/** Every database against the evaluator, for its part of the time. */
async function compareAnswers(places: readonly Place[], { comparing }: Form, { figures, missing }: Found): Promise<void> {
  const seconds = comparing(places.length)
  let agreed = 0
  let disagreed = 0
  for (const { database, url } of places) {
    const found = await Promise.race([agree({ url, seconds }), setTimeout((seconds + grace) * 1000, undefined, { ref: false })])
    if (found === undefined) {
      missing.push(`the answers of ${database} (comparing them did not end in time)`)
      continue
    }
    agreed += found.agreed
    disagreed += found.disagreed
    figures[`equivalence_agreed_${database}`] = found.agreed
  }
  figures.equivalence_agreed = agreed
  figures.equivalence_disagreed = disagreed
}

async function measureOn({ database, open }: Place, form: Form, found: Found): Promise<void> {
  const { figures, measured } = found
  const arena = await open()
  found.arena = arena
  // SQLite is the database that every app has; the others' figures carry their names
  const suffix = database === 'sqlite' ? '' : `_${database}`
  const rates = new Map<Workload, Rates>()
  try {
    await requireSame(arena)
    for (const workload of form.workloads) {
      const raced = await measure(arena, workload, form.rounds)
      rates.set(workload, raced)
      for (const peer of raced.keys()) {
        const name = `${names[workload]}_vs_${peer === 'bare' ? 'driver' : peer}${suffix}`
        if (peer !== 'tapri') figures[name] = rateRatio(raced, 'tapri', peer)
      }
    }
  } finally {
    found.arena = undefined
    await arena.close()
  }
  measured.push({ database, callers: arena.callers, rates })
}

const names: Readonly<Record<Workload, string>> = {
  point: 'point_read',
  list: 'list',
  page: 'page',
  insert: 'insert',
  change: 'update',
}
