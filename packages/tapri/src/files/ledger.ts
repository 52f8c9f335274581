import type { Database } from '../data/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import { attachFiles, fileFields, filesLost } from './attach.ts'
import { type FileDb, type FileId, fileDb, idOf } from './file-db.ts'
import type { Store, Stored } from './store.ts'

/** A pending file that no form of this process holds is given up after this long. */
const pendingFor = 3_600_000
const batch = 100

export interface LedgerOptions {
  readonly database: Database
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

/**
 * Keeps the rows of `tapri_files` and the bytes in step: pending → attached → orphaned → removed. A row is
 * written before its bytes and removed after them, so that a crash never leaves bytes that nobody knows of.
 */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #db: FileDb
  /** What the forms that are being read or handled have received; undefined while it is still coming. */
  readonly #inHand = new Map<string, Stored | undefined>()
  readonly #unsubscribe: () => void
  #collecting: Promise<void> = Promise.resolve()

  constructor(options: LedgerOptions) {
    this.#options = options
    this.#db = fileDb(options.database.asSystem)
    const fields = fileFields(options.database.models)
    options.database.duringTransaction((changes, db) =>
      attachFiles({ changes, db: fileDb(db), fields, stored: (id) => this.#inHand.get(id) }),
    )
    this.#unsubscribe = options.database.changes.subscribe((commit) => {
      if (commit.changes.some((change) => filesLost(change, fields).length > 0)) this.#collectLater()
    })
  }

  /** Writes the row of a file that is about to come. */
  async expect(file: { readonly key: string; readonly name: string; readonly type: string }): Promise<string> {
    const { id } = await this.#db.tapri_files.create({ ...file, state: 'pending', at: new Date(this.#options.clock.now()) })
    this.#inHand.set(id, undefined)
    return id
  }

  received(id: string, stored: Stored): void {
    this.#inHand.set(id, stored)
  }

  /** Ends a form: its files that no row has taken are removed. Never throws: by then the answer is decided,
   * and what cannot be removed now is removed by a sweep. */
  async release(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    try {
      // a put that failed has left no bytes, so a store that is out of order cannot keep these rows
      await this.#forget(ids.filter((id) => this.#inHand.get(id) === undefined).map((id) => idOf(id)))
      await this.#orphan((tx) => tx.tapri_files.find({ where: { id: { in: ids.map((id) => idOf(id)) }, state: 'pending' } }))
    } catch (error) {
      this.#options.log.event('files.release.failed', { error, files: ids }, 'error')
    } finally {
      for (const id of ids) this.#inHand.delete(id)
    }
  }

  /** Removes what crashes and failures have left. At the start no pending file can belong to a form in hand. */
  async sweep(options: { readonly atStart: boolean }): Promise<void> {
    let pending = 0
    for (let found = batch; found === batch; ) {
      found = await this.#orphan((tx) => tx.tapri_files.find({ where: this.#givenUp(options.atStart), limit: batch }))
      pending += found
    }
    await this.#collect()
    const unfinished = await this.#options.store.sweep()
    if (pending + unfinished > 0) this.#options.log.event('files.swept', { pending, unfinished })
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    await this.#collecting
  }

  #givenUp(atStart: boolean) {
    const where = { state: 'pending', id: { notIn: [...this.#inHand.keys()].map((id) => idOf<'tapri_files'>(id)) } } as const
    return atStart ? where : { ...where, at: { lte: new Date(this.#options.clock.now() - pendingFor) } }
  }

  async #orphan(find: (tx: FileDb) => Promise<readonly { id: FileId }[]>): Promise<number> {
    // most often there is nothing to do, and a look takes no lock
    if ((await find(this.#db)).length === 0) return 0
    const count = await this.#db.transaction(async (tx) => {
      const rows = await find(tx)
      for (const row of rows) await tx.tapri_files.update(row.id, { state: 'orphaned' })
      return rows.length
    })
    await this.#collect()
    return count
  }

  #collectLater(): void {
    this.#collect().catch((error: unknown) => this.#options.log.event('files.collect.failed', { error }, 'error'))
  }

  /** One at a time; a call during a run gets a run of its own after it. */
  #collect(): Promise<void> {
    const run = this.#collecting.then(() => this.#removeOrphans())
    this.#collecting = run.catch(() => {})
    return run
  }

  async #removeOrphans(): Promise<void> {
    const { store, log } = this.#options
    for (let removed = batch; removed === batch; ) {
      const rows = await this.#db.tapri_files.find({ where: { state: 'orphaned' }, limit: batch })
      const gone: FileId[] = []
      for (const { id, key } of rows) {
        try {
          await store.delete(key)
          gone.push(id)
        } catch (error) {
          // its row stays, so that the next sweep tries again
          log.event('files.remove.failed', { error, file: id }, 'error')
        }
      }
      await this.#forget(gone)
      removed = gone.length
    }
  }

  async #forget(ids: readonly FileId[]): Promise<void> {
    if (ids.length === 0) return
    await this.#db.transaction(async (tx) => {
      for (const id of ids) await tx.tapri_files.delete(id)
    })
  }
}
