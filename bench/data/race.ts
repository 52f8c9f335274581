// Interleaved rounds: in each every contender does the same for the same short time, and in turn each goes first.

export interface Entrant {
  readonly name: string
  /** One operation. */
  run(turn: number): Promise<unknown>
}

export interface Race {
  /** So many operations are under way at any time. */
  readonly callers: number
  readonly rounds: number
  readonly milliseconds: number
}

/** Operations per second of each entrant, round by round. */
export type Rates = ReadonlyMap<string, readonly number[]>

export async function race(entrants: readonly Entrant[], how: Race): Promise<Rates> {
  const rates = new Map<string, number[]>(entrants.map(({ name }) => [name, []]))
  const warmup = { ...how, milliseconds: Math.max(150, how.milliseconds) }
  for (const entrant of entrants) await rateOf(entrant, warmup)
  for (let round = 0; round < how.rounds; round++) {
    const order = round % 2 === 0 ? entrants : [...entrants].reverse()
    for (const entrant of order) rates.get(entrant.name)?.push(await rateOf(entrant, how))
  }
  return rates
}

/** The median over the rounds of one's time over the other's in the same round: 1.2 is a fifth more. */
export function timeRatio(rates: Rates, name: string, other: string): number {
  const theirs = rates.get(other) ?? []
  const ratios = (rates.get(name) ?? []).map((rate, round) => (theirs[round] ?? Number.NaN) / rate)
  return Number(median(ratios).toFixed(3))
}

/** How often one does it while the other does it once: the median over the rounds. */
export function rateRatio(rates: Rates, name: string, other: string): number {
  const theirs = rates.get(other) ?? []
  const ratios = (rates.get(name) ?? []).map((rate, round) => rate / (theirs[round] ?? Number.NaN))
  return Number(median(ratios).toFixed(3))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2
}

async function rateOf({ run }: Entrant, { callers, milliseconds }: Race): Promise<number> {
  const started = performance.now()
  const until = started + milliseconds
  let turn = 0
  const caller = async () => {
    do await run(turn++)
    while (performance.now() < until)
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (turn * 1000) / (performance.now() - started)
}
