import type { Clock } from '../kit/clock.ts'
import { Repeated } from '../kit/repeated.ts'
import type { Log } from '../observe/index.ts'
import type { Ledger } from './ledger.ts'

const pendingEvery = 60_000
const allEvery = 3_600_000

/**
 * Sweeps from now on, beside all else: what has expired every minute, and all at first and every hour. One that takes longer than
 * until the next is followed by one more, however many would have begun meanwhile. The answer ends it, once what has begun is done.
 */
export function sweeping(ledger: Ledger, { clock, log }: { readonly clock: Clock; readonly log: Log }): () => Promise<void> {
  let last = -Infinity
  let stopTimer: () => void
  const sweeps = new Repeated(async () => {
    const now = clock.now()
    const isWhole = now - last >= allEvery
    if (isWhole) last = now
    try {
      if (isWhole) await ledger.sweep()
      else await ledger.sweepPending()
    } catch (error) {
      log.event('files.sweep.failed', { error }, 'error')
    }
  })
  run()
  function run() {
    stopTimer = clock.after(pendingEvery, run)
    sweeps.ask()
  }
  return () => {
    stopTimer()
    return sweeps.end()
  }
}
