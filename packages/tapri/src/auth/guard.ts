import { type LimitNumbers, senderOf, type TryLimit } from '../http/index.ts'
import type { Log } from '../observe/index.ts'
import { authError } from './errors.ts'

const quarter = 15 * 60_000

/** Opens the count of that name. */
export type OpenLimit = (name: string, numbers: LimitNumbers) => TryLimit

/**
 * Limits guessing: 10 tries per account and 100 per sender in 15 minutes. The account's count holds whatever
 * address the tries come from, so that a thousand addresses guess no faster than one; the price is that somebody
 * who keeps guessing keeps the owner from signing in anew meanwhile.
 */
export class Guard {
  readonly #accounts: TryLimit
  readonly #senders: TryLimit
  readonly #log: Log

  constructor({ openLimit, log }: { readonly openLimit: OpenLimit; readonly log: Log }) {
    this.#accounts = openLimit('accounts', { tries: 10, per: quarter })
    this.#senders = openLimit('senders', { tries: 100, per: quarter })
    this.#log = log
  }

  /**
   * Counts a try before it is made, so that tries made at once all count.
   * @returns what to call when the try was a right one
   * @throws TAPRI_AUTH_TOO_MANY
   */
  async enter(what: string, of: { ip: string; account?: string }): Promise<() => Promise<void>> {
    const sender = senderOf(of.ip)
    const { account } = of
    await this.#take(this.#senders, sender, what, { sender })
    if (account !== undefined) await this.#take(this.#accounts, account, what, { sender, limit: 'account' })
    return async () => {
      await this.#senders.giveBack(sender)
      if (account !== undefined) await this.#accounts.giveBack(account)
    }
  }

  async #take(limit: TryLimit, key: string, what: string, facts: object): Promise<void> {
    const wait = await limit.take(key)
    if (wait === 0) return
    const seconds = Math.ceil(wait / 1000)
    this.#log.event('auth.limited', { what, ...facts, seconds }, 'warn')
    throw authError('TAPRI_AUTH_TOO_MANY', `Cannot ${what}: too many tries, try again in ${seconds} seconds`, {
      facts: { retryAfter: seconds },
    })
  }
}
