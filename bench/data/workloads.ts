import { deepStrictEqual } from 'node:assert'
import type { Arena } from './arena.ts'
import { type Entrant, type Race, type Rates, race } from './race.ts'
import { type Contender, type Facts, type PostWithOwner, postValues } from './work.ts'

export const workloads = ['point', 'list', 'page', 'insert', 'change'] as const
export type Workload = (typeof workloads)[number]

export async function measure(arena: Arena, workload: Workload, how: Omit<Race, 'callers'>): Promise<Rates> {
  const { facts, callers } = arena
  const entrants = Array.from(arena.contenders, ([name, contender]): Entrant => ({ name, run: work(workload, contender, facts) }))
  return race(entrants, { ...how, callers })
}

function work(workload: Workload, contender: Contender, { caller, owned, readable }: Facts): Entrant['run'] {
  switch (workload) {
    case 'point':
      return (turn) => contender.point(readable[(turn * 7919) % readable.length] ?? '')
    case 'list':
      return () => contender.list()
    case 'page':
      return () => contender.page()
    case 'insert':
      return (turn) => contender.insert(postValues(turn, caller.id))
    case 'change':
      return (turn) => contender.change(owned[turn % owned.length] ?? '')
  }
}

/** Everybody must give the same rows, or what they need for them tells nothing. Before anything is written. */
export async function requireSame({ contenders, facts }: Arena): Promise<void> {
  const [first] = contenders.values()
  const id = facts.readable[17] ?? ''
  if (first === undefined) throw new Error('Cannot compare: there are no contenders')
  const point = plain(await first.point(id))
  const list = (await first.list()).map(plainNested)
  const page = await first.page()
  for (const [name, contender] of contenders) {
    const where = `${name} gives other rows`
    deepStrictEqual(plain(await contender.point(id)), point, where)
    deepStrictEqual((await contender.list()).map(plainNested), list, where)
    const { rows, total } = await contender.page()
    deepStrictEqual({ rows: rows.map(plain), total }, { rows: page.rows.map(plain), total: page.total }, where)
  }
}

/** Prototypes and the order of fields are each one's own. */
function plain(row: object): Record<string, unknown> {
  return { ...row }
}

function plainNested(row: PostWithOwner): Record<string, unknown> {
  return { ...row, owner: { ...row.owner } }
}
