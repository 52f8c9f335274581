import { availableParallelism, loadavg } from 'node:os'
import { median, type Rates, timeRatio } from './race.ts'
import { type Workload, workloads } from './workloads.ts'

/** The rates on one database by workload. */
export interface Measured {
  readonly database: string
  readonly callers: number
  readonly rates: ReadonlyMap<Workload, Rates>
}

const meanings: Readonly<Record<Workload, string>> = {
  point: 'one row by its id',
  list: '100 rows, the newest first, each with the row that it belongs to',
  page: 'the third page of 20 rows, and how many there are in all',
  insert: 'one row',
  change: 'in a transaction: one row read and written again',
}

/** A table for each database: how often in a second, and in brackets the time as a multiple of the bare driver's. */
export function reportOf(measured: readonly Measured[], how: { rounds: number; milliseconds: number }): string {
  const lines = [
    `Everybody has a copy of the same rows, tables and indexes, and gives the same answers, which is checked first. ${how.rounds} rounds of`,
    `${how.milliseconds} ms each, in which all take turns; medians of operations per second, in brackets the time as a multiple of the`,
    'bare driver’s in the same round. The bare driver has its statements prepared and does nothing but this work; Tapri has its',
    'policies on (a rule over the rows, which the others write into their queries by hand; the bare point read has none),',
    'checks what is written, checks that the row that is named is there, and writes the change log.',
    `The load of the machine at the end was ${loadavg()[1]?.toFixed(1)} on ${availableParallelism()} cores: where it is above one a core,`,
    'others were at work too, and only large differences tell something.',
    '',
    ...workloads.map((workload) => `- ${workload}: ${meanings[workload]}`),
  ]
  for (const { database, callers, rates } of measured) lines.push('', ...tableOf(database, callers, rates))
  return lines.join('\n')
}

function tableOf(database: string, callers: number, byWorkload: Measured['rates']): string[] {
  const names = [...(byWorkload.values().next().value?.keys() ?? [])]
  const rows = [...byWorkload].map(([workload, rates]) => {
    const cells = names.map((name) => {
      const rate = Math.round(median(rates.get(name) ?? [])).toLocaleString('en')
      return name === 'bare' ? rate : `${rate} (${timeRatio(rates, name, 'bare').toFixed(2)})`
    })
    return `| ${workload} | ${cells.join(' | ')} |`
  })
  return [
    `## ${database}, ${callers === 1 ? 'one caller' : `${callers} callers`}`,
    '',
    `| | ${names.join(' | ')} |`,
    `|---|${names.map(() => '---:').join('|')}|`,
    ...rows,
  ]
}
