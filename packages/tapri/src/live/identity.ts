import type { IncomingMessage } from 'node:http'
import { type Commit, ReadSet } from '../data/index.ts'
import { TapriError } from '../kit/errors.ts'
import type { AtWork, Dependent, Hub } from './hub.ts'
import { touches } from './touches.ts'
import type { LiveCaller } from './types.ts'

interface IdentityOwner {
  readonly upgrade: IncomingMessage
  /** Called when a commit has changed who calls, or may have. */
  onStale(): void
}

type IdentityHub<C extends LiveCaller> = Pick<Hub<C>, 'interests' | 'atWork' | 'options' | 'newestTouching' | 'reachEarly'>

/** Who calls through one socket, kept true: a change of the session or the user makes it stale. */
export class Identity<C extends LiveCaller> implements Dependent, AtWork {
  caller: C | null = null
  readonly #hub: IdentityHub<C>
  readonly #owner: IdentityOwner
  #token: string | undefined
  #known = false
  #stale = true
  #expiries = 0
  #isWarned = false
  #isStopped = false
  #releases: (() => void)[] = []
  #arrived: Commit[] | undefined
  #flight: Promise<void> | undefined

  /** `token` is what the client has shown; without one the upgrade says who calls. */
  constructor(hub: IdentityHub<C>, owner: IdentityOwner, token: string | undefined) {
    this.#hub = hub
    this.#owner = owner
    this.#token = token
  }

  get token(): string | undefined {
    return this.#token
  }

  get isFresh(): boolean {
    return !this.#stale
  }

  /** Another token of the same caller. */
  renew(token: string): void {
    this.#token = token
    this.#expire()
  }

  /** Asks whether the session has ended by time alone. Answers what its holder is to be told, once: by the next time there is
   * another token, or who calls is stale. */
  async check(): Promise<TapriError | undefined> {
    const error = await this.#expired()
    if (error !== undefined && this.#isWarned) {
      this.#expire()
      return undefined
    }
    this.#isWarned = error !== undefined
    return error
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
    this.#owner.onStale()
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

  /** Why the caller would not be known again, were it to come now; nothing is changed by asking. */
  async #expired(): Promise<TapriError | undefined> {
    try {
      const caller = await this.#identify(new ReadSet())
      return caller?.user.id === this.caller?.user.id ? undefined : sessionEnded()
    } catch (error) {
      // what is no refusal, like a database that does not answer, is no reason to put anybody out
      return error instanceof TapriError && error.status < 500 ? error : undefined
    }
  }

  /** What is being looked at counts no more either. */
  #expire(): void {
    this.#stale = true
    this.#expiries++
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
      const caller = await this.#identify(reads)
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

  #identify(reads: ReadSet): Promise<C | null> {
    return this.#hub.options.identify(this.#owner.upgrade, this.#token, reads)
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
