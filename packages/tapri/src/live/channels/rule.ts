import { type Commit, ReadSet } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { liveError } from '../errors.ts'
import type { AtWork, Dependent } from '../hub.ts'
import { timedEvery } from '../timed.ts'
import { touches } from '../touches.ts'
import type { LiveCaller } from '../types.ts'
import { within } from '../within.ts'
import type { Watch } from './seam.ts'
import type { Admission } from './types.ts'

interface Asking {
  readonly clock: Clock
  ask(reads: ReadSet): Promise<Admission>
  /** Called when the last answer may not be true any more. */
  onDoubt(): void
}

const longest = 30_000
/** A rule whose rows change each time it is asked is asked no more. */
const mostTries = 10

/** Whether somebody may be in a channel, kept true: a change of what the rule read puts it in doubt. */
export class Rule<C extends LiveCaller> implements Dependent, AtWork {
  readonly #watch: Watch<C>
  readonly #asking: Asking
  #isCertain = false
  #admission: Admission | undefined
  #releases: (() => void)[] = []
  #arrived: Commit[] | undefined
  /** Doubted while it was being asked. */
  #isDoubted = false
  #flight: Promise<Admission> | undefined
  #isStopped = false

  constructor(watch: Watch<C>, asking: Asking) {
    this.#watch = watch
    this.#asking = asking
  }

  get isCertain(): boolean {
    return this.#isCertain
  }

  onCommit(commit: Commit): void {
    this.#arrived?.push(commit)
  }

  onTouched(): void {
    this.doubt()
    this.#asking.onDoubt()
  }

  /** What is answered from now on must be asked from now on. */
  doubt(): void {
    this.#isCertain = false
    this.#isDoubted = true
  }

  /** @throws what the rule refuses with, TAPRI_LIVE_TIMEOUT */
  async answer(): Promise<Admission> {
    if (this.#isCertain && this.#admission !== undefined) return this.#admission
    this.#flight ??= this.#ask().finally(() => {
      this.#flight = undefined
      this.#arrived = undefined
      this.#watch.atWork.delete(this)
    })
    return this.#flight
  }

  stop(): void {
    this.#isStopped = true
    this.#release()
  }

  #release(): void {
    for (const release of this.#releases.splice(0)) release()
  }

  async #ask(): Promise<Admission> {
    this.#watch.atWork.add(this)
    for (let tries = 0; tries < mostTries; tries++) {
      const reads = new ReadSet()
      const arrived: Commit[] = []
      this.#arrived = arrived
      this.#isDoubted = false
      const admission = await this.#inTime(this.#asking.ask(reads))
      // from here on nothing waits: no commit can come between this check and the acceptance
      if (this.#isDoubted || arrived.some((commit) => touches(commit, reads))) continue
      this.#release()
      if (this.#isStopped) return admission
      for (const entry of reads.entries()) this.#releases.push(this.#watch.interests.add(entry, this))
      if (reads.isTimed) this.#releases.push(this.#asking.clock.after(timedEvery, () => this.onTouched()))
      this.#admission = admission
      this.#isCertain = true
      return admission
    }
    throw liveError('TAPRI_LIVE_TIMEOUT', 'Cannot tell who may be in the channel: what its rule reads changes all the time')
  }

  #inTime<T>(asking: Promise<T>): Promise<T> {
    return within(this.#asking.clock, asking, longest, () =>
      liveError('TAPRI_LIVE_TIMEOUT', `Cannot join: the channel's rule took longer than ${longest / 1000} seconds`),
    )
  }
}
