import type { BeginOptions, Transaction } from '../../driver.ts'
import type { Statements } from '../sql/statements.ts'
import { Batch, Single } from './batch.ts'
import type { Connection } from './connection.ts'
import type { SqliteReader } from './session.ts'
import { type Frame, SqliteTransaction } from './transaction.ts'

interface WritesOptions {
  readonly connection: Connection
  readonly statements: Statements
  readonly reader: SqliteReader
  /** Whether there is a disk to be waited for. */
  readonly shares: boolean
  /** Milliseconds. */
  now(): number
}

/** The transactions of the one connection that writes; its caller asks for one after another. */
export class Writes {
  readonly #options: WritesOptions
  #batch: Batch | undefined
  #single: Promise<void> | undefined

  constructor(options: WritesOptions) {
    this.#options = options
  }

  /** Ends with the transaction that is open and has a COMMIT of its own. */
  get open(): Promise<void> | undefined {
    return this.#single
  }

  begin({ brief = false }: Partial<BeginOptions>): Transaction {
    const { connection, shares, now } = this.#options
    if (brief && shares) {
      this.#batch ??= new Batch(connection, now, () => {
        this.#batch = undefined
      })
      return this.#transaction(this.#batch.join())
    }
    this.#batch?.end()
    const { promise, resolve } = Promise.withResolvers<void>()
    const single = new Single(connection, () => {
      this.#single = undefined
      resolve()
    })
    this.#single = promise
    return this.#transaction(single)
  }

  /** Commits what waits for its COMMIT; ends when those who waited for that were told, and told their listeners. */
  async settle(): Promise<void> {
    if (this.#batch === undefined) return
    this.#batch.end()
    await new Promise((resolve) => setImmediate(resolve))
  }

  #transaction(frame: Frame): Transaction {
    const { connection, statements, reader } = this.#options
    return new SqliteTransaction(connection, statements, reader, frame)
  }
}
