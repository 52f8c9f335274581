import { spread } from '../http/noise.ts'
import type { Sample, Server } from './contest.ts'

export interface Rounds {
  readonly rounds: number
  /** Milliseconds: when they are spent no further round is begun. */
  readonly budget: number
}

export type Samples = ReadonlyMap<string, readonly Sample[]>

/** Interleaved rounds: in each all take their turn, and every second round the other way round. One before them warms up. */
export async function inRounds(
  servers: readonly Server[],
  { rounds, budget }: Rounds,
  turn: (server: Server) => Promise<Sample>,
): Promise<Samples> {
  const samples = new Map<string, Sample[]>(servers.map(({ name }) => [name, []]))
  const begun = performance.now()
  for (let round = 0; round <= rounds; round++) {
    const spent = performance.now() - begun
    // a busy machine makes rounds long: fewer of them keep the promise
    if (round > 1 && spent + spent / round > budget) break
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      const sample = await turn(server)
      if (round > 0) samples.get(server.name)?.push(sample)
    }
  }
  return samples
}

/** How much of something one does while the other does it once, each in its best round: what else the machine does only adds. */
export function ratio(samples: Samples, name: string, other: string, of: 'cpu' | 'seconds'): number | undefined {
  const theirs = samples.get(other)
  const ours = samples.get(name)
  if (theirs === undefined || ours === undefined) return undefined
  const least = (samples: readonly Sample[]) => Math.min(...samples.map((sample) => sample[of] / sample.done.bytes))
  return Number((least(theirs) / least(ours)).toFixed(3))
}

const mebi = 1024 * 1024

/** MiB a second of the best round, with a mark where the rounds lie more than a tenth apart. */
export function rate(samples: readonly Sample[] = []): string {
  const rates = samples.map(({ done, seconds }) => done.bytes / mebi / seconds)
  return `${spread(rates) > 0.1 ? '~' : ''}${Math.round(Math.max(...rates)).toLocaleString('en')}`
}

/** Seconds of processor time for each GiB, of the best round. */
export function cost(samples: readonly Sample[] = []): string {
  return Math.min(...samples.map(({ done, cpu }) => (cpu * 1024 * mebi) / done.bytes)).toFixed(2)
}

/** The highest of all rounds, in MiB. */
export function peakOf(samples: readonly Sample[] = []): number {
  return Math.round(Math.max(...samples.map(({ peak }) => peak)) / mebi)
}

/** Only what could be measured. */
export function known(figures: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|---|${'---:|'.repeat(head.length - 1)}`, ...rows.map(line)].join('\n')
}
