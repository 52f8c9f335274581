import type { Clock } from '../../kit/clock.ts'
import type { ChannelDb } from './models.ts'

/** A node of which nothing was heard for so long is gone. */
export const leaseTime = 10_000

/** The word of this node that it lives, to be renewed for as long as it has members. */
export class Lease {
  readonly node: string
  readonly #db: ChannelDb
  readonly #clock: Clock
  #isWanted = false
  #isWritten = false
  #renewal: Promise<void> | undefined

  constructor(node: string, db: ChannelDb, clock: Clock) {
    this.node = node
    this.#db = db
    this.#clock = clock
  }

  get isWanted(): boolean {
    return this.#isWanted
  }

  /** Resolves when it stands: before it does, no member is shown. */
  async take(): Promise<void> {
    this.#isWanted = true
    if (!this.#isWritten) await this.renew()
  }

  /** Ends with the renewal that is under way, where one is. */
  renew(): Promise<void> {
    this.#renewal ??= this.#write().finally(() => {
      this.#renewal = undefined
    })
    return this.#renewal
  }

  /** Somebody removed it. */
  lost(): void {
    this.#isWritten = false
  }

  /** Ends it: what is under way is waited for. */
  async end(): Promise<void> {
    this.#isWanted = false
    await this.#renewal?.catch(() => {})
  }

  async #write(): Promise<void> {
    const expires = new Date(this.#clock.now() + leaseTime)
    await this.#db.tapri_nodes.upsert({ node: this.node, expires }, { on: ['node'], update: { expires } })
    this.#isWritten = true
  }
}
