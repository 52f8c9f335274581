import { availableParallelism } from 'node:os'
import { Slots } from '../kit/lock.ts'
import { authError } from './errors.ts'

/** OWASP's argon2id: 19 MiB, two passes, one lane. Argon2id is the library's own choice of algorithm. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** The hash, at the same cost, of a password that nobody knows. */
const nobodys = '$argon2id$v=19$m=19456,t=2,p=1$U6LgKCeXfFytgFzD2/ciCA$GQo+KLRVS+PApd3cx4szifwFxa5CDLUmEMQmo015IO4'

/** Hashes run on the four threads that files and name look-ups need too, so one is always left to those. */
const defaultSlots = Math.max(1, Math.min(availableParallelism(), 3))

/** Hashes passwords, only so many at a time. */
export class Passwords {
  readonly #slots: Slots
  readonly #mostWaiting: number
  /** Machine code, which only apps with accounts load; they do so at the start. */
  readonly #argon2 = import('@node-rs/argon2')
  #pending = 0

  constructor(options: { slots?: number; mostWaiting?: number } = {}) {
    // whoever needs a password is told
    this.#argon2.catch(() => {})
    this.#slots = new Slots(options.slots ?? defaultSlots)
    this.#mostWaiting = options.mostWaiting ?? 200
  }

  /** How many hashes run or wait. */
  get pending(): number {
    return this.#pending
  }

  /** @throws TAPRI_AUTH_BUSY when too many already wait */
  hash(password: string): Promise<string> {
    return this.#bounded(async () => (await this.#argon2).hash(normalize(password), cost))
  }

  /**
   * Whether the password is the one of the hash. Without a hash it takes as long, so that the time of an
   * answer does not tell whether the account exists.
   * @throws TAPRI_AUTH_BUSY when too many already wait
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    const same = await this.#bounded(async () => (await this.#argon2).verify(stored ?? nobodys, normalize(password)))
    return same && stored !== undefined
  }

  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#pending >= this.#mostWaiting) {
      throw authError('TAPRI_AUTH_BUSY', `Cannot check a password now: ${this.#pending} are waiting, try again in a moment`, {
        facts: { retryAfter: 2 },
      })
    }
    this.#pending++
    try {
      return await this.#slots.run(work)
    } finally {
      this.#pending--
    }
  }
}

// NIST SP 800-63B: one password typed on two keyboards must be the same bytes
function normalize(password: string): string {
  return password.normalize('NFKC')
}
