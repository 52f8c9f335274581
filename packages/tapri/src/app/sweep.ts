import type { Auth } from '../auth/index.ts'
import type { Clock } from '../kit/clock.ts'
import { Repeated } from '../kit/repeated.ts'
import type { Log } from '../observe/index.ts'

const hour = 3_600_000

/** Removes what has expired, now and every hour; the answer ends it. */
export function sweepHourly(auth: Auth, clock: Clock, log: Log): () => Promise<void> {
  const sweeps = new Repeated(() =>
    auth.sweep().catch((error: unknown) => log.error('Cannot remove expired sessions', { error })),
  )
  let stop: () => void
  again()
  return () => {
    stop()
    return sweeps.end()
  }

  function again(): void {
    stop = clock.after(hour, again)
    sweeps.ask()
  }
}
