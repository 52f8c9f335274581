import type { TapriError } from '../kit/errors.ts'
import { dataError } from './errors.ts'

/** Refuses to go on for somebody who has stopped waiting.
 * @throws TAPRI_DATA_ABORTED */
export function requireWaiting(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(signal)
}

export function aborted(signal: AbortSignal): TapriError {
  const { reason } = signal
  const why = reason instanceof Error ? reason.message : String(reason)
  return dataError('TAPRI_DATA_ABORTED', `Cannot go on with the database: whoever waited for it has stopped (${why})`, {
    cause: reason,
  })
}
