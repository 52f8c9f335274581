import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import type { Ledger } from './ledger.ts'

const pendingEvery = 60_000
const allEvery = 3_600_000

/**
 * Sweeps from now on, beside all else: what has expired every minute, and all at first and every hour. The answer ends it,
 * once what has begun is done.
 */
export function sweeping(ledger: Ledger, { clock, log }: { readonly clock: Clock; readonly log: Log }): () => Promise<void> {
  let last = -Infinity
  let running = Promise.resolve()
  let stopTimer: () => void
  run()
  function run() {
    stopTimer = clock.after(pendingEvery, run)
    const isWhole = clock.now() - last >= allEvery
    if (isWhole) last = clock.now()
    running = running
      .then(async () => {
        if (isWhole) await ledger.sweep()
        else await ledger.sweepPending()
      })
      .catch((error: unknown) => log.event('files.sweep.failed', { error }, 'error'))
  }
  return async () => {
    stopTimer()
    await running
  }
}
