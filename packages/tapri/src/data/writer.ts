import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { Lock } from '../kit/lock.ts'
import { requireWaiting } from './aborted.ts'
import type { Change, ChangeLog, Commit } from './changes.ts'
import type { BeginOptions, Driver, Isolation, Transaction } from './driver.ts'
import { dataError } from './errors.ts'
import { bounded, cancellable } from './limits.ts'
import { RowQueues, WriteQueue } from './queue.ts'
import { mayNameNoRow } from './targets.ts'
import { failedTogether } from './together.ts'
import { OpenTransaction } from './transaction.ts'

/** Runs inside each writing transaction before COMMIT, and may write in it. */
export type BeforeCommit = (changes: readonly Change[], transaction: OpenTransaction) => Promise<void>
type Work<T> = (transaction: OpenTransaction) => Promise<T>

export interface WriteOptions {
  /** `row` is enough for work that locks each row that it changes before it looks at it. */
  readonly isolation?: Isolation
  /** The one row that is changed: those who change the same one wait for each other here, not in each other's way. */
  readonly row?: string
  readonly signal?: AbortSignal | undefined
}
export interface RunOptions {
  readonly isolation?: Isolation
  /** So many times more at most, the last time while nobody else writes. */
  readonly retries?: number
  readonly signal?: AbortSignal | undefined
}

const usualRetries = 4

/** What may not be the first that was wrong: the work is run again, and asks for every row that it names. */
const toAskAgain = new WeakSet<TapriError>()

/** The queue that every write goes through; with one writer, one at a time. */
export class Writer {
  readonly #driver: Driver
  readonly #log: ChangeLog
  readonly #clock: Clock
  readonly #queue: WriteQueue
  readonly #rows: RowQueues
  /** Those that run again do so one after another, or they would be in each other's way for ever. */
  readonly #again = new Lock()
  readonly #running = new Set<Promise<unknown>>()
  readonly #beforeCommit: BeforeCommit[] = []
  readonly #inside = new AsyncLocalStorage<OpenTransaction | 'exclusive' | 'committed'>()
  #isClosed = false

  constructor(driver: Driver, log: ChangeLog, clock: Clock) {
    this.#driver = driver
    this.#log = log
    this.#clock = clock
    this.#queue = new WriteQueue(driver.writers, clock)
    this.#rows = new RowQueues(clock)
  }

  duringTransaction(listener: BeforeCommit): void {
    this.#beforeCommit.push(listener)
  }

  /** One write by itself, which may be run again. */
  write<T>(work: Work<T>, { isolation = 'serial', row, signal }: WriteOptions = {}): Promise<T> {
    const transact = () => this.#transact(work, { isolation, alone: false, brief: true }, { retries: usualRetries, signal })
    // with one writer nobody is in the way
    return row === undefined || this.#driver.writers === 1 ? transact() : this.#rows.run(row, transact, signal)
  }

  /** A transaction of somebody's own code, which may take five seconds, and be run again. */
  transaction<T>(work: Work<T>, { isolation = 'serial', retries = usualRetries, signal }: RunOptions = {}): Promise<T> {
    const limited: Work<T> = (transaction) => bounded(transaction, work, this.#clock)
    return this.#transact(limited, { isolation, alone: false }, { retries, signal })
  }

  /** Beside it nobody else writes, so that its entry in the log comes after all that it can see. */
  alone<T>(work: Work<T>): Promise<T> {
    return this.#transact(work, { isolation: 'row', alone: true }, { retries: usualRetries, signal: undefined })
  }

  nested<T>(within: OpenTransaction, work: Work<T>): Promise<T> {
    return within.nest((nested) => this.#inside.run(nested, () => work(nested)))
  }

  /** Nothing is committed while the work goes on; it may read. */
  exclusive<T>(work: () => Promise<T>, options: { readonly migrates: boolean } = { migrates: false }): Promise<T> {
    this.requireOutside('wait for the end of all writes')
    return this.#tracked(
      this.#queued(() =>
        this.#driver.exclusively(async () => {
          await this.#log.settle()
          return this.#inside.run('exclusive', work)
        }, options),
      ),
    )
  }

  /**
   * Refuses a db that is not the one of the transaction around the caller: its writes would wait for that
   * transaction to end, which waits for them.
   */
  requireOwn(transaction: OpenTransaction | undefined, signal: AbortSignal | undefined): void {
    if (this.#isClosed) throw closed()
    requireWaiting(this.heeded(signal))
    transaction?.requireOpen()
    const around = this.#around()
    if (around === undefined || around === transaction || around === 'exclusive') return
    throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot use another db inside of a transaction: use the one that it was given')
  }

  /** The transaction that the caller's work is in. */
  get current(): OpenTransaction | undefined {
    const around = this.#around()
    return around === 'exclusive' ? undefined : around
  }

  requireOutside(to: string): void {
    if (this.#isClosed) throw closed()
    if (this.#around() === undefined) return
    throw dataError('TAPRI_DATA_TRANSACTION', `Cannot ${to} while the same work keeps writes from ending`)
  }

  /** Work that a commit has promised: it goes on when nobody waits for the answer any more. */
  afterCommit<T>(work: () => T): T {
    return this.#inside.run('committed', work)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.requireOutside('close the database')
    this.#isClosed = true
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    await this.#log.close()
    await this.#driver.close()
  }

  /** What keeps writes from ending around here. */
  #around(): OpenTransaction | 'exclusive' | undefined {
    const around = this.#inside.getStore()
    if (around === undefined || around === 'committed') return undefined
    return around === 'exclusive' || around.isOpen ? around : undefined
  }

  /** The signal, where it still ends anything: what a commit has promised goes on. */
  heeded(signal: AbortSignal | undefined): AbortSignal | undefined {
    return signal === undefined || this.#inside.getStore() === 'committed' ? undefined : signal
  }

  async #transact<T>(work: Work<T>, options: BeginOptions, rerun: Rerun): Promise<T> {
    this.requireOutside('write')
    const { retries } = rerun
    const signal = this.heeded(rerun.signal)
    try {
      return await this.#turn(work, options, signal)
    } catch (error) {
      if (retries === 0) throw error
      if (failedTogether(error) || (error instanceof TapriError && toAskAgain.has(error)))
        return this.#transact(work, { isolation: options.isolation, alone: false }, rerun)
      if (!this.#driver.mayPass(error)) throw error
      return this.#again.run(() => this.#runAgain(work, options, { retries, signal }))
    }
  }

  async #runAgain<T>(work: Work<T>, { isolation }: BeginOptions, { retries, signal }: Rerun): Promise<T> {
    for (let left = retries; ; left--) {
      const alone = left === 1
      try {
        return await this.#turn(work, { isolation, alone }, signal)
      } catch (error) {
        if (alone || !this.#driver.mayPass(error)) throw error
      }
    }
  }

  #turn<T>(work: Work<T>, options: BeginOptions, signal: AbortSignal | undefined): Promise<T> {
    return this.#tracked(this.#finished(this.#queued(() => this.#run(work, options, signal), signal)))
  }

  /** The next in line need not wait until the disk has it and everybody has heard of it. */
  async #finished<T>(running: Promise<() => Promise<T>>): Promise<T> {
    const finish = await running
    return finish()
  }

  #queued<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#queue.run(() => {
      if (this.#isClosed) throw closed()
      requireWaiting(signal)
      return work()
    }, signal)
  }

  /** What has begun is waited for before the database is closed. */
  #tracked<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running)
    const forget = () => this.#running.delete(running)
    running.then(forget, forget)
    return running
  }

  /** Answers what is left to do when the next transaction may begin. */
  async #run<T>(work: Work<T>, options: BeginOptions, signal: AbortSignal | undefined): Promise<() => Promise<T>> {
    const session = await this.#driver.begin(options)
    const transaction = new OpenTransaction(session, signal)
    try {
      const result = await this.#inside.run(transaction, () => cancellable(transaction, work))
      await this.#settled(session, transaction)
      const isHeld = session.isHeld === true
      const logged = this.#logged(session, transaction)
      const committed = isHeld ? logged.then((commit) => this.#commit(session, commit)) : this.#commit(session, await logged)
      if (!isHeld && session.isShared !== true) await committed
      return async () => {
        await (await committed)?.when
        return result
      }
    } catch (error) {
      if (mayNameNoRow(session, error)) toAskAgain.add(error)
      await transaction.abandon()
      const undone = session.rollback()
      if (session.isShared !== true) await undone
      return async () => {
        await undone
        throw error
      }
    }
  }

  /** Takes no more writes of the work, and lets those who asked for it write theirs. */
  async #settled(session: Transaction, transaction: OpenTransaction): Promise<void> {
    await transaction.finish()
    if (transaction.changes.length > 0 && this.#beforeCommit.length > 0) await this.#askBefore(session, transaction.changes)
  }

  async #logged(session: Transaction, { changes }: OpenTransaction): Promise<Commit | undefined> {
    return changes.length === 0 ? undefined : this.#log.write(session, this.#clock.now(), changes)
  }

  /** Ends with what must be waited for until listeners have heard of it. */
  async #commit(session: Transaction, commit: Commit | undefined): Promise<{ readonly when: Promise<void> } | undefined> {
    await session.commit()
    if (commit === undefined) return undefined
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
}

interface Rerun {
  readonly retries: number
  readonly signal: AbortSignal | undefined
}

function closed() {
  return dataError('TAPRI_DATA_CLOSED', 'Cannot use the database: it has been closed')
}
