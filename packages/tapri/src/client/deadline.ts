import type { Clock } from '../kit/clock.ts'
import { clientError } from './errors.ts'

/** How long a call may take, beside the signal of its caller. */
export class Deadline {
  readonly signal: AbortSignal
  /** Lets what the call has begun, as a stream, go on without it. */
  readonly clear: () => void

  /** `allowed` milliseconds; undefined for as long as it takes. */
  constructor(
    clock: Clock,
    allowed: number | undefined,
    options: { readonly what: string; readonly signal?: AbortSignal | undefined },
  ) {
    const late = new AbortController()
    this.signal = eitherOf(late.signal, options.signal)
    const cancel =
      allowed === undefined
        ? undefined
        : clock.after(allowed, () => {
            const message = `Cannot wait for ${options.what} any longer: it took over ${allowed} ms`
            late.abort(clientError('TAPRI_CLIENT_TIMEOUT', message))
          })
    this.clear = () => cancel?.()
  }
}

/** Aborts when one of both does; the other one may be none. */
export function eitherOf(signal: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? signal : AbortSignal.any([other, signal])
}

/** What is on its way, unless the signal aborts before it is there: its reason is thrown then. */
export async function unlessAborted<T>(coming: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return coming
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    // looked at also where it is aborted already: what fails after that must not fail unseen
    return await Promise.race([promise, coming])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Waits; the signal's reason is thrown when that aborts before. */
export async function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (milliseconds === 0) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(milliseconds, resolve)
  await unlessAborted(promise, signal).finally(cancel)
}
