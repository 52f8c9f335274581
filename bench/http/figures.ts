import { rateRatio } from '../data/race.ts'
import { type Contender, isPeer } from './contenders.ts'
import type { Group } from './group.ts'
import type { Sample } from './rounds.ts'
import type { Row } from './row.ts'

/** How often one server answers while another does it once: the median over the rounds, each compared with its own. */
export function ratioOf(byContender: ReadonlyMap<Contender, readonly Sample[]>, name: string, other: string): number {
  return rateRatio(ratesOf(byContender), name, other)
}

/** The first of a runtime: what all others are compared with. */
export function floorOf(byContender: ReadonlyMap<Contender, unknown>): Contender | undefined {
  return [...byContender.keys()].find(({ name }) => name.endsWith('raw'))
}

/** Ratios of Tapri on one runtime; those of Bun and Deno carry its name in front. */
export function figuresOf({ runtime, samples, costs }: Group): Record<string, number> {
  const prefix = runtime.name === 'node' ? '' : `${runtime.name}_`
  const figures: Record<string, number> = {}
  for (const [row, byContender] of samples) {
    const floor = floorOf(byContender)
    if (floor !== undefined) put(figures, `${prefix}${row.name}_vs_raw`, ratioOf(byContender, 'tapri', floor.name))
    for (const { name } of namedPeers(row, byContender)) {
      put(figures, `${prefix}${row.name}_vs_${name.replaceAll('-', '_')}`, ratioOf(byContender, 'tapri', name))
    }
    const best = bestPeer(byContender)
    if (best !== undefined) put(figures, `${prefix}${row.name}_vs_best_peer`, best)
    put(figures, `${prefix}${row.name}_vs_bare`, ratioOf(byContender, 'tapri', 'tapri-bare'))
  }
  for (const [{ name }, { startup, memory }] of costs) {
    if (name !== 'tapri') continue
    put(figures, `${prefix}startup_ms`, Math.round(startup))
    put(figures, `${prefix}memory_mb`, Math.round(memory / 1e6))
  }
  return figures
}

/** Those whose figure has a name of its own, besides that of the best. */
const named: Readonly<Record<string, readonly string[]>> = {
  param: ['fastify', 'hono'],
  post: ['fastify', 'nest-fastify'],
}

function namedPeers(row: Row, byContender: ReadonlyMap<Contender, unknown>): readonly Contender[] {
  return [...byContender.keys()].filter(({ name }) => named[row.name]?.includes(name))
}

/** Whether a server is needed for the figures that the quick form gives. */
export function isFigured({ name }: Contender, row: Row): boolean {
  return name === 'raw' || name === 'tapri' || named[row.name]?.includes(name) === true
}

/** Tapri by the peer that is closest to it or furthest ahead; undefined where not all were asked. */
function bestPeer(byContender: ReadonlyMap<Contender, readonly Sample[]>): number | undefined {
  const peers = [...byContender.keys()].filter(isPeer)
  const ratios = peers.map(({ name }) => ratioOf(byContender, 'tapri', name))
  return peers.length > 2 || peers.some(({ runtime }) => runtime !== 'node') ? Math.min(...ratios) : undefined
}

function ratesOf(byContender: ReadonlyMap<Contender, readonly Sample[]>): ReadonlyMap<string, readonly number[]> {
  return new Map([...byContender].map(([{ name }, samples]) => [name, samples.map(({ perCpuSecond }) => perCpuSecond)]))
}

function put(figures: Record<string, number>, name: string, value: number): void {
  // nobody to compare with: the figure is not there
  if (Number.isFinite(value)) figures[name] = value
}
