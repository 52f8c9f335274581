import type { Pool, PoolClient } from 'pg'
import { nameOf } from './changes/notes.ts'
import { CommandError } from './errors.ts'

/** The transactions that drivers have begun, each on a connection of its own. */
export class Transactions {
  readonly #open = new Map<string, { readonly client: PoolClient; readonly timer: NodeJS.Timeout }>()
  readonly #pool: Pool
  readonly #isNoted: () => boolean
  /** MongoDB's own, unless told otherwise. */
  #lifetime = 60_000

  /** With `isNoted` the log is told which transaction of the driver it was. */
  constructor(pool: Pool, { isNoted }: { isNoted: () => boolean }) {
    this.#pool = pool
    this.#isNoted = isNoted
  }

  /** The parameter `transactionLifetimeLimitSeconds`. */
  limit(seconds: number): void {
    this.#lifetime = seconds * 1000
  }

  /** The connection of a transaction, which `begins` now or has begun. */
  async clientOf(key: string, { begins }: { begins: boolean }): Promise<PoolClient> {
    const known = this.#open.get(key)
    if (known !== undefined) return known.client
    if (!begins) throw noSuch(key)
    const client = await this.#pool.connect()
    // MongoDB tells a conflict at once, where PostgreSQL would wait for the other transaction to end
    try {
      await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '50ms'`)
    } catch (cause) {
      // an engine that is gone has left its connection in the pool
      client.release(true)
      throw cause
    }
    // what cannot be rolled back is gone with its connection
    const timer = setTimeout(() => this.end(key, { keep: false }).catch(() => {}), this.#lifetime).unref()
    this.#open.set(key, { client, timer })
    return client
  }

  /** Commits or rolls back; a transaction that is not there can be rolled back again, but not committed. */
  async end(key: string, { keep }: { keep: boolean }): Promise<void> {
    const known = this.#open.get(key)
    if (known === undefined) {
      if (keep) throw noSuch(key)
      return
    }
    this.#open.delete(key)
    clearTimeout(known.timer)
    try {
      if (keep && this.#isNoted()) await known.client.query(`select ${nameOf(key)}`)
      await known.client.query(keep ? 'COMMIT' : 'ROLLBACK')
      known.client.release()
    } catch (cause) {
      known.client.release(true)
      throw cause
    }
  }

  /** Gives up all of them: each ends with its connection. */
  closeAll(): void {
    for (const { client, timer } of this.#open.values()) {
      clearTimeout(timer)
      client.release(true)
    }
    this.#open.clear()
  }

  /** Rolls back what a session has left open. */
  async endSession(session: string): Promise<void> {
    const keys = [...this.#open.keys()].filter((key) => key.startsWith(`${session} `))
    await Promise.all(keys.map((key) => this.end(key, { keep: false })))
  }
}

function noSuch(key: string): CommandError {
  const number = key.split(' ')[1]
  return new CommandError(
    251,
    'NoSuchTransaction',
    `Given transaction number ${number} does not match any in-progress transactions`,
    {
      labels: ['TransientTransactionError'],
    },
  )
}
