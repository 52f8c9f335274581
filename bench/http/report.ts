import { cpus } from 'node:os'
import { median } from '../data/race.ts'
import type { Contender } from './contenders.ts'
import { floorOf, ratioOf } from './figures.ts'
import type { Group } from './group.ts'
import { noisy, spread } from './noise.ts'
import { canPin } from './process.ts'
import type { Sample, Samples } from './rounds.ts'
import { rows } from './rows.ts'

interface How {
  readonly rounds: number
  readonly seconds: number
  /** The part of the machine that others kept busy before and after, 0 to 1. */
  readonly others: readonly number[]
}

/** All that was measured, for people. */
export function reportOf(groups: readonly Group[], how: How): string {
  const faults = new Set(groups.flatMap((group) => group.faults))
  return [
    ...introduction(how),
    ...groups.flatMap(groupLines),
    ...(faults.size === 0 ? [] : ['', '## Not measured', '', ...[...faults].map((fault) => `- ${fault}`)]),
  ].join('\n')
}

function introduction({ rounds, seconds, others }: How): string[] {
  const busy = Math.max(...others)
  return [
    `${cpus().length} cores; ${canPin ? 'servers on one, load (autocannon) on another' : 'servers and load share them: processes cannot be pinned here'}.`,
    `At most ${rounds} interleaved rounds of ${seconds} s for each server and row; medians of requests per second of the server's own processor`,
    'time, and in brackets on the clock, which the load may bound; ± is the highest round less the lowest by the median, and ~ marks what',
    `varies by more than ${noisy * 100} %. Ratios are medians of those of each round. Each answer was checked first.`,
    'Others kept the machine busy by ' +
      `${others.map((part) => `${Math.round(part * 100)} %`).join(' before and ')} after${busy > noisy ? ': **noise**, only large differences tell something.' : '.'}`,
    '',
    ...rows.map(({ name, meaning }) => `- ${name}: ${meaning}`),
  ]
}

function groupLines({ runtime, samples, pairs, costs }: Group): string[] {
  const title = `${runtime.title} ${runtime.version}`
  return [
    '',
    `## ${title}`,
    '',
    ...tableOf(samples, rateCell),
    '',
    `### ${title}: by the runtime's own server`,
    '',
    ...tableOf(samples, (byContender, { name }) => ratioCell(ratioOf(byContender, name, floorOf(byContender)?.name ?? ''))),
    '',
    `### ${title}: Tapri by each`,
    '',
    ...tableOf(samples, (byContender, { name }) => ratioCell(ratioOf(byContender, 'tapri', name))),
    ...bareLines(title, samples),
    ...(pairs.size === 0 ? [] : pairLines(pairs)),
    ...(costs.size === 0 ? [] : costLines(costs)),
  ]
}

/** Of what others do not do by default Tapri's other form does nothing either. */
function bareLines(title: string, samples: Samples): string[] {
  const isThere = [...samples.values()].some((byContender) => [...byContender.keys()].some(({ name }) => name === 'tapri-bare'))
  if (!isThere) return []
  const cell: Cell = (byContender, { name }) => ratioCell(ratioOf(byContender, 'tapri-bare', name))
  return ['', `### ${title}: Tapri, all off, by each`, '', ...tableOf(samples, cell)]
}

function pairLines(pairs: Samples): string[] {
  return [
    '',
    `### Two processes behind one port (\`node:cluster\`)`,
    '',
    ...(cpus().length > 2 ? [] : ['The load had no core of its own here: the clock tells nothing, processor time does.', '']),
    ...tableOf(pairs, rateCell),
  ]
}

function costLines(costs: Group['costs']): string[] {
  return [
    '',
    '### Start and memory',
    '',
    '| | start to first answer | resident after load |',
    '|---|---:|---:|',
    ...[...costs].map(
      ([{ title }, { startup, memory }]) => `| ${title} | ${Math.round(startup)} ms | ${Math.round(memory / 1e6)} MB |`,
    ),
  ]
}

type Cell = (byContender: ReadonlyMap<Contender, readonly Sample[]>, contender: Contender) => string

function tableOf(samples: Samples, cell: Cell): string[] {
  const columns = [...new Set([...samples.values()].flatMap((byContender) => [...byContender.keys()]))]
  return [
    `| | ${columns.map(({ title }) => title).join(' | ')} |`,
    `|---|${columns.map(() => '---:').join('|')}|`,
    ...[...samples].map(([{ name }, byContender]) => {
      const cells = columns.map((contender) => (byContender.has(contender) ? cell(byContender, contender) : '–'))
      return `| ${name} | ${cells.join(' | ')} |`
    }),
  ]
}

const rateCell: Cell = (byContender, contender) => {
  const samples = byContender.get(contender) ?? []
  const rates = samples.map(({ perCpuSecond }) => perCpuSecond)
  const onClock = samples.map(({ perSecond }) => perSecond)
  const varies = spread(rates)
  const mark = varies > noisy ? ' ~' : ''
  return `${whole(median(rates))} (${whole(median(onClock))}) ±${Math.round(varies * 100)} %${mark}`
}

function whole(rate: number): string {
  return Math.round(rate).toLocaleString('en')
}

function ratioCell(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(2) : '–'
}
