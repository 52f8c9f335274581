import type { Auth } from '../auth/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'

const hour = 3_600_000

/** Removes what has expired, now and every hour; the answer ends it. */
export function sweepHourly(auth: Auth, clock: Clock, log: Log): () => Promise<void> {
  let sweeping = sweep()
  let stop = clock.after(hour, again)
  return () => {
    stop()
    return sweeping
  }

  function again(): void {
    stop = clock.after(hour, again)
    sweeping = sweep()
  }

  function sweep(): Promise<void> {
    return auth.sweep().catch((error: unknown) => log.error('Cannot remove expired sessions', { error }))
  }
}
