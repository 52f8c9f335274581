/** Tells the time and wakes callers; tests drive a manual one. */
export interface Clock {
  /** Milliseconds since 1970 (UTC). */
  now(): number
  /** Calls once after `milliseconds`; the answer cancels it. */
  after(milliseconds: number, call: () => void): () => void
}

/** The machine's clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds)
    if (typeof timer === 'object') timer.unref()
    return () => clearTimeout(timer)
  },
}

export interface ManualClock extends Clock {
  /** Moves time forward and runs, in order, every timer that falls due. */
  advance(milliseconds: number): void
}

/**
 * A clock that moves only when told to.
 * @example const clock = manualClock(); clock.advance(60_000)
 */
export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start
  let timers: { at: number; call: () => void }[] = []
  return {
    now: () => now,
    after(milliseconds, call) {
      const timer = { at: now + milliseconds, call }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(milliseconds) {
      const end = now + milliseconds
      for (let due = nextDue(end); due !== undefined; due = nextDue(end)) {
        const timer = due
        timers = timers.filter((other) => other !== timer)
        now = timer.at
        timer.call()
      }
      now = end
    },
  }

  function nextDue(end: number) {
    return timers.filter((timer) => timer.at <= end).sort((one, other) => one.at - other.at)[0]
  }
}
