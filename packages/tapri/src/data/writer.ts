import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../kit/clock.ts'
import { Lock, Slots } from '../kit/lock.ts'
import type { Change, ChangeLog } from './changes.ts'
import type { BeginOptions, Driver, Isolation, Transaction } from './driver.ts'
import { dataError } from './errors.ts'
import { OpenTransaction } from './transaction.ts'

/** Runs inside each writing transaction before COMMIT, and may write in it. */
export type BeforeCommit = (changes: readonly Change[], transaction: OpenTransaction) => Promise<void>

const longestTransaction = 5000
/** A transaction that others were in the way of is run again; the last time nobody else writes. */
const mostRuns = 5

/** A committed transaction; `heard` ends when the listeners have heard of it. */
interface Outcome<T> {
  readonly result: T
  readonly heard: { readonly when: Promise<void> } | undefined
}

/** The queue that every write goes through; with one writer, one at a time. */
export class Writer {
  readonly #driver: Driver
  readonly #log: ChangeLog
  readonly #clock: Clock
  readonly #queue: Slots
  /** Those that run again do so one after another, or they would be in each other's way for ever. */
  readonly #again = new Lock()
  readonly #running = new Set<Promise<unknown>>()
  readonly #beforeCommit: BeforeCommit[] = []
  readonly #inside = new AsyncLocalStorage<OpenTransaction | 'exclusive'>()
  #isClosed = false

  constructor(driver: Driver, log: ChangeLog, clock: Clock) {
    this.#driver = driver
    this.#log = log
    this.#clock = clock
    this.#queue = new Slots(driver.writers)
  }

  duringTransaction(listener: BeforeCommit): void {
    this.#beforeCommit.push(listener)
  }

  /** One write by itself. With `row` it must lock each row that it changes before it looks at it. */
  write<T>(work: (transaction: OpenTransaction) => Promise<T>, isolation: Isolation = 'serial'): Promise<T> {
    return this.#transact(work, isolation)
  }

  /** A transaction of somebody's own code, which may take `longestTransaction`, and be run again. */
  transaction<T>(work: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    return this.#transact((transaction) => this.#bounded(transaction, work), 'serial')
  }

  nested<T>(within: OpenTransaction, work: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    return within.nest((nested) => this.#inside.run(nested, () => work(nested)))
  }

  /** Nothing is committed while the work goes on; it may read. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.requireOutside('wait for the end of all writes')
    return this.#queued(() =>
      this.#driver.exclusively(async () => {
        await this.#log.settle()
        return this.#inside.run('exclusive', work)
      }),
    )
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
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    await this.#log.close()
    await this.#driver.close()
  }

  async #transact<T>(work: (transaction: OpenTransaction) => Promise<T>, isolation: Isolation): Promise<T> {
    this.requireOutside('write')
    try {
      return await this.#turn(work, { isolation, alone: false })
    } catch (error) {
      if (!this.#driver.mayPass(error)) throw error
      return this.#again.run(() => this.#runAgain(work, isolation))
    }
  }

  async #runAgain<T>(work: (transaction: OpenTransaction) => Promise<T>, isolation: Isolation): Promise<T> {
    for (let run = 2; ; run++) {
      const alone = run === mostRuns
      try {
        return await this.#turn(work, { isolation, alone })
      } catch (error) {
        if (alone || !this.#driver.mayPass(error)) throw error
      }
    }
  }

  #queued<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#queue.run(() => {
      if (this.#isClosed) throw closed()
      return work()
    })
    this.#running.add(running)
    const forget = () => this.#running.delete(running)
    running.then(forget, forget)
    return running
  }

  async #turn<T>(work: (transaction: OpenTransaction) => Promise<T>, options: BeginOptions): Promise<T> {
    const { result, heard } = await this.#queued(() => this.#run(work, options))
    // the next in line need not wait until everybody has heard of this one
    await heard?.when
    return result
  }

  async #run<T>(work: (transaction: OpenTransaction) => Promise<T>, options: BeginOptions): Promise<Outcome<T>> {
    const session = await this.#driver.begin(options)
    const transaction = new OpenTransaction(session)
    try {
      const result = await this.#inside.run(transaction, () => work(transaction))
      return { result, heard: await this.#commit(session, transaction) }
    } catch (error) {
      await transaction.abandon()
      await session.rollback()
      throw error
    }
  }

  async #commit(session: Transaction, transaction: OpenTransaction): Promise<Outcome<unknown>['heard']> {
    const { changes } = transaction
    await transaction.finish()
    if (changes.length === 0) {
      await session.commit()
      return undefined
    }
    if (this.#beforeCommit.length > 0) await this.#askBefore(session, changes)
    const commit = await this.#log.write(session, this.#clock.now(), changes)
    await session.commit()
    // nobody who listens is inside of the transaction any more
    return { when: this.#inside.exit(() => this.#log.committed(commit)) }
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
