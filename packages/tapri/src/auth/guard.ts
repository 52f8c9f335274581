import { Limit, senderOf } from '../http/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import { authError } from './errors.ts'

const quarter = 15 * 60_000

/**
 * Limits guessing: 10 tries per account and 100 per sender in 15 minutes. The account's count holds whatever
 * address the tries come from, so that a thousand addresses guess no faster than one; the price is that somebody
 * who keeps guessing keeps the owner from signing in anew meanwhile.
 */
export class Guard {
  readonly #accounts: Limit
  readonly #senders: Limit
  readonly #log: Log

  constructor(options: { clock: Clock; log: Log }) {
    this.#accounts = new Limit({ tries: 10, per: quarter, clock: options.clock })
    this.#senders = new Limit({ tries: 100, per: quarter, clock: options.clock })
    this.#log = options.log
  }

  /**
   * Counts a try before it is made, so that tries made at once all count.
   * @returns what to call when the try was a right one
   * @throws TAPRI_AUTH_TOO_MANY
   */
  enter(what: string, of: { ip: string; account?: string }): () => void {
    const sender = senderOf(of.ip)
    const { account } = of
    this.#take(this.#senders, sender, what, { sender })
    if (account !== undefined) this.#take(this.#accounts, account, what, { sender, limit: 'account' })
    return () => {
      this.#senders.giveBack(sender)
      if (account !== undefined) this.#accounts.giveBack(account)
    }
  }

  #take(limit: Limit, key: string, what: string, facts: object): void {
    const wait = limit.take(key)
    if (wait === 0) return
    const seconds = Math.ceil(wait / 1000)
    this.#log.event('auth.limited', { what, ...facts, seconds }, 'warn')
    throw authError('TAPRI_AUTH_TOO_MANY', `Cannot ${what}: too many tries, try again in ${seconds} seconds`, {
      facts: { retryAfter: seconds },
    })
  }
}
