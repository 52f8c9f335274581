import type { Held } from './follower.ts'
import type { Person } from './world.ts'

/** A write as it left its row, and when that was committed. */
export interface Written {
  readonly mark: number
  /** Whose followers it is shown to, if they may read it. */
  readonly keys: readonly string[]
  /** Undefined: everybody may read it. */
  readonly circle: string | undefined
  /** Undefined: it is nobody's own. */
  readonly owner: string | undefined
  /** Milliseconds of the machine's clock. */
  readonly at: number
  /** Whether how long it took is counted. */
  readonly isTimed: boolean
}

/** What was seen, one after the other. */
export interface Sights {
  readonly subscriptions: number[]
  readonly marks: number[]
  readonly at: number[]
}

export interface Verdict {
  readonly deliveries: number
  readonly p50: number
  readonly p99: number
  readonly longest: number
  /** Writes that a subscription should have shown and did not. */
  readonly lost: number
  /** Writes that a subscription has shown and should not have. */
  readonly unauthorised: number
}

export type Follows = Pick<Held, 'number' | 'wish'> & { readonly person: Person | undefined }

/** Compares what each subscription has seen with what each write should have shown it. */
export function judge(followers: readonly Follows[], writes: readonly Written[], sights: Sights): Verdict {
  const byMark = new Map(writes.map((write) => [write.mark, write]))
  const byNumber = new Map(followers.map((each) => [each.number, each]))
  const seen = new Set<string>()
  const times: number[] = []
  let unauthorised = 0
  for (const [index, mark] of sights.marks.entries()) {
    const number = sights.subscriptions[index] ?? -1
    const write = byMark.get(mark)
    const follower = byNumber.get(number)
    if (write === undefined || follower === undefined || !isFor(write, follower)) {
      unauthorised++
      continue
    }
    const sight = `${number} ${mark}`
    // a row that had left a window may come back to it
    if (seen.has(sight)) continue
    seen.add(sight)
    if (write.isTimed) times.push((sights.at[index] ?? Number.NaN) - write.at)
  }
  times.sort((one, other) => one - other)
  return {
    deliveries: seen.size,
    p50: times[Math.floor(times.length * 0.5)] ?? Number.NaN,
    p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
    longest: times.at(-1) ?? Number.NaN,
    lost: countExpected(followers, writes) - seen.size,
    unauthorised,
  }
}

/** Everything that was seen is among it, and counted once there as here. */
function countExpected(followers: readonly Follows[], writes: readonly Written[]): number {
  const byKey = new Map<string, Follows[]>()
  for (const follower of followers) {
    for (const key of follower.wish.keys) {
      const others = byKey.get(key)
      if (others === undefined) byKey.set(key, [follower])
      else others.push(follower)
    }
  }
  let expected = 0
  for (const write of writes) {
    const concerned = new Set(write.keys.flatMap((key) => byKey.get(key) ?? []))
    for (const follower of concerned) if (mayRead(write, follower.person)) expected++
  }
  return expected
}

function isFor(write: Written, { wish, person }: Follows): boolean {
  return mayRead(write, person) && wish.keys.some((key) => write.keys.includes(key))
}

function mayRead({ circle, owner }: Written, person: Person | undefined): boolean {
  return (circle === undefined || circle === person?.circle) && (owner === undefined || owner === person?.id)
}
