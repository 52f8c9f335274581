import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../kit/clock.ts'
import { Lock } from '../kit/lock.ts'
import type { Change, ChangeLog } from './changes.ts'
import type { Driver, Transaction } from './driver.ts'
import { dataError } from './errors.ts'
import { OpenTransaction } from './transaction.ts'

/** Runs inside each writing transaction before COMMIT, and may write in it. */
export type BeforeCommit = (changes: readonly Change[], transaction: OpenTransaction) => Promise<void>

const longestTransaction = 5000

/** The one queue that every write goes through. */
export class Writer {
  readonly #driver: Driver
  readonly #log: ChangeLog
  readonly #clock: Clock
  readonly #queue = new Lock()
  readonly #beforeCommit: BeforeCommit[] = []
  readonly #inside = new AsyncLocalStorage<OpenTransaction | 'exclusive'>()
  #isClosed = false

  constructor(driver: Driver, log: ChangeLog, clock: Clock) {
    this.#driver = driver
    this.#log = log
    this.#clock = clock
  }

  duringTransaction(listener: BeforeCommit): void {
    this.#beforeCommit.push(listener)
  }

  /** One write by itself. */
  write<T>(work: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    return this.#transact(work)
  }

  /** A transaction of somebody's own code, which may take `longestTransaction`. */
  transaction<T>(work: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    return this.#transact((transaction) => this.#bounded(transaction, work))
  }

  nested<T>(within: OpenTransaction, work: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    return within.nest((nested) => this.#inside.run(nested, () => work(nested)))
  }

  /** Nothing is committed while the work goes on; it may read. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.requireOutside('wait for the end of all writes')
    return this.#queue.run(() => this.#inside.run('exclusive', work))
  }

  /**
   * Refuses a db that is not the one of the transaction around the caller: its writes would wait for that
   * transaction to end, which waits for them.
   */
  requireOwn(transaction: OpenTransaction | undefined): void {
    if (this.#isClosed) throw closed()
    transaction?.requireOpen()
    const around = this.#inside.getStore()
    if (around === undefined || around === transaction || around === 'exclusive' || !around.isOpen) return
    throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot use another db inside of a transaction: use the one that it was given')
  }

  requireOutside(to: string): void {
    if (this.#isClosed) throw closed()
    const around = this.#inside.getStore()
    if (around === undefined || (around !== 'exclusive' && !around.isOpen)) return
    throw dataError('TAPRI_DATA_TRANSACTION', `Cannot ${to} while the same work keeps writes from ending`)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.requireOutside('close the database')
    this.#isClosed = true
    await this.#queue.run(() => this.#driver.close())
  }

  #transact<T>(work: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    this.requireOutside('write')
    return this.#queue.run(async () => {
      if (this.#isClosed) throw closed()
      const session = await this.#driver.begin()
      const transaction = new OpenTransaction(session)
      try {
        const result = await this.#inside.run(transaction, () => work(transaction))
        await this.#commit(session, transaction)
        return result
      } catch (error) {
        await transaction.abandon()
        await session.rollback()
        throw error
      }
    })
  }

  async #commit(session: Transaction, transaction: OpenTransaction): Promise<void> {
    const { changes } = transaction
    await transaction.finish()
    if (changes.length === 0) return session.commit()
    if (this.#beforeCommit.length > 0) await this.#askBefore(session, changes)
    const commit = await this.#log.write(session, this.#clock.now(), changes)
    await session.commit()
    // nobody who listens is inside of the transaction any more
    this.#inside.exit(() => this.#log.announce(commit))
  }

  /** What listeners write joins the changes, but is not told to listeners again. */
  async #askBefore(session: Transaction, changes: Change[]): Promise<void> {
    const told = [...changes]
    for (const listener of this.#beforeCommit) {
      const transaction = new OpenTransaction(session)
      await this.#inside.run(transaction, () => listener(told, transaction))
      await transaction.finish()
      changes.push(...transaction.changes)
    }
  }

  async #bounded<T>(transaction: OpenTransaction, work: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const cancel = this.#clock.after(longestTransaction, () => reject(tookTooLong()))
    try {
      return await Promise.race([late, finished(transaction, work)])
    } finally {
      cancel()
    }
  }
}

async function finished<T>(transaction: OpenTransaction, work: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
  const result = await work(transaction)
  await transaction.finish()
  return result
}

function tookTooLong() {
  return dataError(
    'TAPRI_DATA_TIMEOUT',
    `Cannot go on with a transaction that took longer than ${longestTransaction / 1000} s: do slow work outside of it, every write waits for it`,
  )
}

function closed() {
  return dataError('TAPRI_DATA_CLOSED', 'Cannot use the database: it has been closed')
}
