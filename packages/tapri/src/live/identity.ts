import { type Commit, ReadSet } from '../data/index.ts'
import { TapriError } from '../kit/errors.ts'
import type { AtWork, Dependent, Hub } from './hub.ts'
import { touches } from './touches.ts'
import type { LiveCaller } from './types.ts'

interface Identifying<C extends LiveCaller> {
  identify(reads: ReadSet): Promise<C | null>
  /** Called when a commit has changed who calls, or may have. */
  onStale(): void
}

/** Who calls through one socket, kept true: a change of the session or the user makes it stale. */
export class Identity<C extends LiveCaller> implements Dependent, AtWork {
  caller: C | null = null
  readonly #hub: Pick<Hub<C>, 'interests' | 'atWork' | 'options' | 'newestTouching' | 'reachEarly'>
  readonly #identifying: Identifying<C>
  #known = false
  #stale = true
  #expiries = 0
  #isStopped = false
  #releases: (() => void)[] = []
  #arrived: Commit[] | undefined
  #flight: Promise<void> | undefined

  constructor(
    hub: Pick<Hub<C>, 'interests' | 'atWork' | 'options' | 'newestTouching' | 'reachEarly'>,
    identifying: Identifying<C>,
  ) {
    this.#hub = hub
    this.#identifying = identifying
  }

  get isFresh(): boolean {
    return !this.#stale
  }

  /** What is being looked at counts no more either. */
  expire(): void {
    this.#stale = true
    this.#expiries++
  }

  stop(): void {
    this.#isStopped = true
    this.#hub.atWork.delete(this)
    for (const release of this.#releases.splice(0)) release()
  }

  onCommit(commit: Commit): void {
    this.#arrived?.push(commit)
  }

  onTouched(): void {
    // also when stale: the answers were made for the caller that these rows told of
    this.#stale = true
    this.#identifying.onStale()
  }

  /** Why the caller would not be known again, were it to come now; nothing is changed by asking. */
  async expired(): Promise<TapriError | undefined> {
    try {
      const caller = await this.#identifying.identify(new ReadSet())
      return caller?.user.id === this.caller?.user.id ? undefined : sessionEnded()
    } catch (error) {
      // what is no refusal, like a database that does not answer, is no reason to put anybody out
      return error instanceof TapriError && error.status < 500 ? error : undefined
    }
  }

  /** Identifies again when stale; callers at the same time share one look.
   * @throws TAPRI_AUTH_SESSION when the session that was has ended; what the credential is refused with */
  async refresh(): Promise<void> {
    // a commit, or another token, may have come right behind the look that was waited for
    while (this.#stale && !this.#isStopped) {
      this.#flight ??= this.#look().finally(() => {
        this.#flight = undefined
        this.#arrived = undefined
        this.#hub.atWork.delete(this)
      })
      await this.#flight
    }
  }

  async #look(): Promise<void> {
    this.#hub.atWork.add(this)
    // a session's rows change seldom, so the second look is nearly always the last
    for (let tries = 0; tries < 10; tries++) {
      const reads = new ReadSet()
      const arrived: Commit[] = []
      this.#arrived = arrived
      const position = this.#hub.options.database.changes.position()
      const expiries = this.#expiries
      const caller = await this.#identifying.identify(reads)
      const newest = await this.#hub.newestTouching(position, (commit) => touches(commit, reads))
      // the caller of a later moment would be told what nobody has been told of yet
      if (newest !== undefined && (await this.#hub.reachEarly(newest))) continue
      // from here on nothing waits: no commit can come between this check and the acceptance
      if (this.#isStopped) return
      if (expiries !== this.#expiries || arrived.some((commit) => touches(commit, reads))) continue
      this.#accept(caller, reads)
      return
    }
    throw new TapriError('TAPRI_AUTH_SESSION', 'Cannot tell who calls: the session changes all the time', { status: 401 })
  }

  #accept(caller: C | null, reads: ReadSet): void {
    const before = this.caller
    const isFirst = !this.#known
    this.#known = true
    this.caller = caller
    this.#stale = false
    for (const release of this.#releases.splice(0)) release()
    for (const entry of reads.entries()) this.#releases.push(this.#hub.interests.add(entry, this))
    if (!isFirst && before?.user.id !== caller?.user.id) throw sessionEnded()
  }
}

export function sessionEnded(): TapriError {
  return new TapriError('TAPRI_AUTH_SESSION', 'Sign in again: the session has ended', { status: 401 })
}
