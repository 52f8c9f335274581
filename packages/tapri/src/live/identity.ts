import { type Commit, ReadSet } from '../data/index.ts'
import { TapriError } from '../kit/errors.ts'
import { touches } from './touches.ts'
import type { LiveCaller } from './types.ts'

/** Who calls through one socket, kept true: a change of the session or the user makes it stale. */
export class Identity<C extends LiveCaller> {
  caller: C | null = null
  readonly #identify: (reads: ReadSet) => Promise<C | null>
  #known = false
  #stale = true
  #reads = new ReadSet()
  #arrived: Commit[] | undefined
  #flight: Promise<void> | undefined

  constructor(identify: (reads: ReadSet) => Promise<C | null>) {
    this.#identify = identify
  }

  get isFresh(): boolean {
    return !this.#stale
  }

  expire(): void {
    this.#stale = true
  }

  /** Answers whether the commit changes who calls. */
  onCommit(commit: Commit): boolean {
    this.#arrived?.push(commit)
    // also when stale: the answers were made for the caller that these rows told of
    if (!touches(commit, this.#reads)) return false
    this.#stale = true
    return true
  }

  /** Identifies again when stale; callers at the same time share one look.
   * @throws TAPRI_AUTH_SESSION when the session that was has ended; what the credential is refused with */
  async refresh(): Promise<void> {
    if (!this.#stale) return
    this.#flight ??= this.#look().finally(() => {
      this.#flight = undefined
      this.#arrived = undefined
    })
    await this.#flight
  }

  async #look(): Promise<void> {
    // a session's rows change seldom, so the second look is nearly always the last
    for (let tries = 0; tries < 10; tries++) {
      const reads = new ReadSet()
      const arrived: Commit[] = []
      this.#arrived = arrived
      const caller = await this.#identify(reads)
      // from here on nothing waits: no commit can come between this check and the acceptance
      if (arrived.some((commit) => touches(commit, reads))) continue
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
    this.#reads = reads
    this.#stale = false
    if (!isFirst && before?.user.id !== caller?.user.id) throw sessionEnded()
  }
}

export function sessionEnded(): TapriError {
  return new TapriError('TAPRI_AUTH_SESSION', 'Sign in again: the session has ended', { status: 401 })
}
