import { Lock } from '../kit/lock.ts'
import type { Change } from './changes.ts'
import type { Transaction } from './driver.ts'
import type { AfterCommit } from './engine.ts'
import { dataError } from './errors.ts'

/** A transaction as the data room keeps it: what it changed, and whether it still goes on. */
export class OpenTransaction {
  readonly session: Transaction
  readonly changes: Change[]
  /** Ends the transaction when nobody waits for it any more. */
  readonly signal: AbortSignal | undefined
  /** What is left for after COMMIT; absent where nobody waits for it. */
  after: AfterCommit[] | undefined
  readonly #parent: OpenTransaction | undefined
  readonly #lock = new Lock()
  #isOpen = true
  #step: Promise<unknown> = Promise.resolve()

  constructor(session: Transaction, signal?: AbortSignal, parent?: OpenTransaction) {
    this.session = session
    this.signal = signal
    this.#parent = parent
    this.changes = parent?.changes ?? []
  }

  get isOpen(): boolean {
    return this.#isOpen && (this.#parent?.isOpen ?? true)
  }

  requireOpen(): void {
    if (!this.isOpen) {
      throw dataError(
        'TAPRI_DATA_TRANSACTION',
        'Cannot use the db of a transaction that has ended: await everything inside of it',
      )
    }
  }

  /** One write: all of it happens or nothing, and no other write of this transaction comes between. */
  step<T>(work: () => Promise<T>): Promise<T> {
    return this.#lock.run(() => {
      this.requireOpen()
      const step = this.#undoable(work)
      this.#remember(step)
      return step
    })
  }

  /** A transaction inside of this one; other writes of this one wait until it ends. */
  nest<T>(work: (nested: OpenTransaction) => Promise<T>): Promise<T> {
    return this.#lock.run(async () => {
      this.requireOpen()
      const nested = new OpenTransaction(this.session, this.signal, this)
      return this.#undoable(async () => {
        try {
          return await work(nested)
        } finally {
          await nested.finish()
        }
      })
    })
  }

  /** Takes no more writes; ends when those that were asked for have. */
  async finish(): Promise<void> {
    this.#isOpen = false
    await this.#lock.run(() => {})
  }

  /** Takes no more writes; ends when the one at work has, whatever it waits in; the database need not finish it. */
  async abandon(): Promise<void> {
    this.#isOpen = false
    await this.session.cancel?.()
    await this.#step.catch(() => {})
  }

  async #undoable<T>(work: () => Promise<T>): Promise<T> {
    const length = this.changes.length
    try {
      return await this.session.savepoint(work)
    } catch (error) {
      this.changes.length = length
      throw error
    }
  }

  /** The outermost transaction knows the write at work in all of them. */
  #remember(step: Promise<unknown>): void {
    this.#step = step
    if (this.#parent !== undefined) this.#parent.#remember(step)
  }
}
