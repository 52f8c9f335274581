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
    this.signal = options.signal === undefined ? late.signal : AbortSignal.any([options.signal, late.signal])
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

/** What is on its way, unless the signal aborts before it is there: its reason is thrown then. */
export async function unlessAborted<T>(coming: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return coming
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([coming, promise])
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
