import type { Clock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import type { Backoff } from './backoff.ts'

/** Whoever asks for more patience than this, in milliseconds, is told to the caller instead. */
const patience = 30_000

/** Whether doing it twice is doing it once (RFC 9110 9.2.2), by itself or by its key: only such a call may be sent again. */
export function isRepeatable(method: string, key?: string): boolean {
  return key !== undefined || (method !== 'POST' && method !== 'PATCH')
}

/** Whether this is over by itself soon: a proxy or a server that starts, restarts or has too much to do. */
export function isPassing(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}

/** Whether the same call may go well a little later: nothing was wrong with it. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof TapriError)) return false
  return isTwin(error) || isPassing(error.code === 'TAPRI_CLIENT_ANSWER' ? Number(error.facts?.status) : error.status)
}

/** Whether the server is still at work on the same call, sent before. */
function isTwin(error: unknown): boolean {
  return error instanceof TapriError && error.code === 'TAPRI_HTTP_KEY_BUSY'
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
  if (!isPassing(answer.status) && !isTwin(cause)) return undefined
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
