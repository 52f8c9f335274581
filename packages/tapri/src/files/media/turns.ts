import type { FileDb } from '../file-db.ts'

/** Which of the films that wait comes next. */
export interface Turn {
  readonly stage: 'first' | 'rest'
  /** Null for visitors and the app itself, who are one owner together. */
  readonly owner: string | null
}

export type JobFilter = NonNullable<Parameters<FileDb['tapri_films']['first']>[0]>['where'] & object

/** Owners that are compared at a time; the others have waited for less. */
const most = 100
/** Milliseconds for which it counts when an owner was served. */
const remembered = 24 * 3_600_000

/**
 * Whose film comes next: what plays a film at once comes before the rest of others; then the owner comes of whose films the fewest
 * are worked on, and of these the one who was served least lately. So nobody waits for all the films of another. Undefined when
 * nothing waits.
 */
export async function nextTurn(db: FileDb, due: JobFilter, now: Date): Promise<Turn | undefined> {
  // most often there is nothing to do
  if ((await db.tapri_films.first({ where: due, select: { id: true } })) === null) return undefined
  for (const stage of ['first', 'rest'] as const) {
    const groups = await db.tapri_films.groupBy({
      by: ['owner'],
      where: { and: [due, { stage }] },
      min: ['expires'],
      orderBy: ['min.expires', 'owner'],
      limit: most,
    })
    const owners = groups.map(({ owner }) => owner)
    const [owner] = owners.length > 1 ? await inTurn(db, owners, now) : owners
    if (owner !== undefined) return { stage, owner }
  }
  return undefined
}

async function inTurn(db: FileDb, owners: readonly (string | null)[], now: Date): Promise<readonly (string | null)[]> {
  const known = owners.filter((owner) => owner !== null)
  const theirs = { or: [{ owner: null }, { owner: { in: known } }] }
  const working = { ...theirs, state: 'working', expires: { gt: now } } as const
  const [running, served] = await Promise.all([
    db.tapri_films.groupBy({ by: ['owner'], where: working, count: true }),
    db.tapri_films.groupBy({
      by: ['owner'],
      where: { ...theirs, taken: { gt: new Date(now.getTime() - remembered) } },
      max: ['taken'],
    }),
  ])
  const counts = new Map(running.map(({ owner, count }) => [owner, count]))
  const times = new Map(served.map(({ owner, max }) => [owner, max.taken?.getTime() ?? 0]))
  const rank = (figures: ReadonlyMap<string | null, number>, owner: string | null) => figures.get(owner) ?? 0
  return owners.toSorted((one, other) => rank(counts, one) - rank(counts, other) || rank(times, one) - rank(times, other))
}
