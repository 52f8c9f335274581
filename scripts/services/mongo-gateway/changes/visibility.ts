import { setTimeout } from 'node:timers/promises'
import type { Pool } from 'pg'

interface Waiting {
  /** Of the transaction that must be seen first; undefined for what follows those before it. */
  readonly transaction: number | undefined
  readonly tell: () => void
}

/**
 * Tells of transactions in their order, each when whoever reads sees it: PostgreSQL hands on what was committed a moment before
 * that, and MongoDB never does.
 */
export class Visibility {
  readonly #pool: Pool
  #waiting: Waiting[] = []
  #isLooking = false
  #isOver = false

  constructor(pool: Pool) {
    this.#pool = pool
  }

  after(transaction: number | undefined, tell: () => void): void {
    this.#waiting.push({ transaction, tell })
    if (this.#isLooking) return
    this.#isLooking = true
    void this.#look()
  }

  /** Tells nothing more. */
  stop(): void {
    this.#isOver = true
  }

  async #look(): Promise<void> {
    while (this.#waiting.length > 0) {
      const isSeen = await this.#seen()
      if (this.#isOver) return
      const unseen = this.#waiting.findIndex(({ transaction }) => transaction !== undefined && !isSeen(transaction))
      const told = this.#waiting.splice(0, unseen === -1 ? this.#waiting.length : unseen)
      for (const { tell } of told) tell()
      if (unseen !== -1) await setTimeout(1)
    }
    this.#isLooking = false
  }

  /** Of which transactions a reader sees the work; of none while nobody can ask. */
  async #seen(): Promise<(transaction: number) => boolean> {
    try {
      const { rows } = await this.#pool.query<{ seen: string }>('select pg_current_snapshot()::text as seen')
      return readSnapshot(rows[0]?.seen ?? '')
    } catch {
      return () => false
    }
  }
}

/** https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT: `xmin:xmax:those,between`. */
function readSnapshot(text: string): (transaction: number) => boolean {
  const [first = '0', end = '0', between = ''] = text.split(':')
  const open = new Set(between.split(',').map(Number))
  return (transaction) => transaction < Number(first) || (transaction < Number(end) && !open.has(transaction))
}
