import type { Clock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import type { Backoff } from './backoff.ts'

/** Whoever asks for more patience than this, in milliseconds, is told to the caller instead. */
const patience = 30_000

/** Whether doing it twice is doing it once (RFC 9110 9.2.2): only such a call may be sent again. */
export function isRepeatable(method: string): boolean {
  return method !== 'POST' && method !== 'PATCH'
}

/** Whether this is over by itself soon: a proxy or a server that starts, restarts or has too much to do. */
export function isPassing(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}

interface Failure {
  readonly cause: unknown
  /** Undefined when none came. */
  readonly answer: Response | undefined
}

/** Milliseconds before a failed call is sent again; undefined when that would change nothing, or not soon enough. */
export function waitBefore({ cause, answer }: Failure, backoff: Backoff, clock: Clock): number | undefined {
  const isOurs = cause instanceof TapriError
  if (answer === undefined) return isOurs ? undefined : backoff.next(0)
  // it broke while it was read: nobody has seen any of it
  if (!isOurs) return backoff.next(0)
  if (!isPassing(answer.status)) return undefined
  const asked = retryAfter(answer, clock)
  if (asked === undefined) return backoff.next(undefined)
  return asked > patience ? undefined : asked
}

/** RFC 9110 10.2.3: seconds, or a date. */
function retryAfter({ headers }: Response, clock: Clock): number | undefined {
  const text = headers.get('retry-after')
  if (text === null) return undefined
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - clock.now()
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}
