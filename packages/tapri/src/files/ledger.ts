import type { Database } from '../data/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import { attachFiles, fileFields, filesLost } from './attach.ts'
import { type FileDb, type FileId, fileDb, idOf } from './file-db.ts'
import { Orphans } from './orphans.ts'
import type { Quotas, Sender } from './quota.ts'
import { Renditions } from './renditions.ts'
import type { Store, Stored } from './store.ts'

/** How long a pending file is kept that no process says it holds, in milliseconds. */
const leaseFor = 120_000
const renewEvery = 30_000
const batch = 100

/** A file that is about to come. */
interface Expected {
  /** Names its bytes in the store. */
  readonly key: string
  readonly name: string
  readonly type: string
}

interface InHand {
  readonly file: Expected
  /** Undefined while it is still coming. */
  readonly stored?: Stored
}

export interface LedgerOptions {
  readonly database: Database
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly quotas: Quotas
}

/**
 * Keeps the rows of `tapri_files` and the bytes in step: pending → attached → orphaned → removed. A row is
 * written before its bytes and removed after them, so that a crash never leaves bytes that nobody knows of. Several processes
 * do so on one database: a pending file is its process's until it expires, which that one puts off.
 */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #db: FileDb
  readonly #orphans: Orphans
  /** What the forms that are being read or handled here have received. */
  readonly #inHand = new Map<string, InHand>()
  readonly #unsubscribe: () => void
  #stopRenewing: (() => void) | undefined
  #collecting: Promise<void> = Promise.resolve()

  constructor(options: LedgerOptions) {
    const { database, store, clock, log } = options
    this.#options = options
    this.#db = fileDb(database.asSystem)
    const tools = { db: this.#db, store, clock }
    this.#orphans = new Orphans({ ...tools, renditions: new Renditions(tools), log })
    const fields = fileFields(database.models)
    database.duringTransaction((changes, db) =>
      attachFiles({ changes, db: fileDb(db), fields, stored: (id) => this.#inHand.get(id)?.stored }),
    )
    this.#unsubscribe = database.changes.subscribe((commit) => {
      const lost = commit.changes.flatMap((change) => filesLost(change, fields))
      if (lost.length > 0) this.#removeLater(lost.map((id) => idOf(id)))
    })
  }

  /** Writes the row of a file that is about to come. */
  async expect(file: Expected, sender: Sender | null): Promise<string> {
    const now = this.#options.clock.now()
    const row = { ...file, owner: sender?.id ?? null, expires: new Date(now + leaseFor), at: new Date(now) }
    const { id } = await this.#db.tapri_files.create({ ...row, state: 'pending' })
    this.#inHand.set(id, { file })
    this.#stopRenewing ??= this.#renewLater()
    return id
  }

  /** All bytes have come.
   * @throws TAPRI_FILES_QUOTA when they are more than their sender may keep */
  async received(id: string, stored: Stored, sender: Sender | null): Promise<void> {
    const inHand = this.#inHand.get(id)
    if (inHand !== undefined) this.#inHand.set(id, { ...inHand, stored })
    const { quotas } = this.#options
    const limit = await quotas.limitOf(sender)
    if (limit === Infinity) return
    // written and counted at once, so that files that came together are not each counted without the others
    await this.#db.transaction(async (tx) => {
      await tx.tapri_files.update(idOf(id), { size: stored.size })
      await quotas.require(tx, sender, limit)
    })
  }

  /** Ends a form: its files that no row has taken are removed. Never throws: by then the answer is decided,
   * and what cannot be removed now is removed by a sweep. */
  async release(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    try {
      await this.#giveUp(ids.map((id) => idOf(id)))
    } catch (error) {
      this.#options.log.event('files.release.failed', { error, files: ids }, 'error')
    } finally {
      for (const id of ids) this.#inHand.delete(id)
    }
  }

  /** Gives up a pending file, and all that has come of it. Never throws, as `release`. */
  async discard(id: FileId): Promise<void> {
    try {
      await this.#db.tapri_files.updateWhere({ id, state: 'pending' }, { state: 'orphaned' })
      await this.#orphans.remove([id])
    } catch (error) {
      this.#options.log.event('files.release.failed', { error, files: [id] }, 'error')
    }
  }

  /** Gives up what nobody holds any more, and removes what no row has. */
  async sweep(): Promise<void> {
    const pending = await this.sweepPending()
    await this.#collect(() => this.#orphans.sweep())
    const unfinished = await this.#options.store.sweep()
    if (pending + unfinished > 0) this.#options.log.event('files.swept', { pending, unfinished })
  }

  /** Gives up pending files that have expired; answers how many there were. */
  async sweepPending(): Promise<number> {
    const now = new Date(this.#options.clock.now())
    let pending = 0
    for (let found = batch; found === batch; ) {
      // of rows before there were leases too
      const where = { state: 'pending', or: [{ expires: { lte: now } }, { expires: null }] } as const
      const rows = await this.#db.tapri_files.find({ where, select: { id: true }, limit: batch })
      found = rows.length
      // most often there is nothing to do, and a look takes no lock
      if (found === 0) break
      const ids = rows.map(({ id }) => id)
      pending += await this.#db.tapri_files.updateWhere({ id: { in: ids }, ...where }, { state: 'orphaned' })
      await this.#collect(() => this.#orphans.remove(ids))
    }
    // one that is orphaned by now tells what is to be removed, and goes with its file
    const ofRows = { expires: { lte: now }, file: { state: 'attached' } } as const
    if ((await this.#db.tapri_uploads.count({ where: ofRows })) > 0) await this.#db.tapri_uploads.deleteWhere(ofRows)
    return pending
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    this.#stopRenewing?.()
    await this.#collecting
  }

  #renewLater(): () => void {
    return this.#options.clock.after(renewEvery, () => {
      this.#stopRenewing = undefined
      this.#renew().catch((error: unknown) => this.#options.log.event('files.renew.failed', { error }, 'error'))
    })
  }

  async #renew(): Promise<void> {
    const ids = [...this.#inHand.keys()].map((id) => idOf<'tapri_files'>(id))
    if (ids.length === 0) return
    this.#stopRenewing ??= this.#renewLater()
    const expires = new Date(this.#options.clock.now() + leaseFor)
    for (let at = 0; at < ids.length; at += batch) {
      await this.#db.tapri_files.updateWhere({ id: { in: ids.slice(at, at + batch) }, state: 'pending' }, { expires })
    }
  }

  async #giveUp(ids: readonly FileId[]): Promise<void> {
    const { tapri_files: files } = this.#db
    const states = async () => {
      const rows = await files.find({ where: { id: { in: [...ids] } }, select: { id: true, state: true } })
      return new Map(rows.map(({ id, state }) => [id, state]))
    }
    // most often there is nothing to do, and a look takes no lock
    const before = await states()
    if (ids.every((id) => before.get(id) === 'attached')) return
    await files.updateWhere({ id: { in: [...ids] }, state: 'pending' }, { state: 'orphaned' })
    const after = await states()
    const orphaned = ids.filter((id) => after.get(id) === 'orphaned')
    for (const id of ids) {
      // this process said nothing for so long that another removed the row, maybe before the last byte was kept
      const file = after.has(id) ? undefined : this.#inHand.get(id)?.file
      if (file === undefined) continue
      const again = await files.create({ ...file, state: 'orphaned', at: new Date(this.#options.clock.now()) })
      orphaned.push(again.id)
    }
    await this.#orphans.remove(orphaned)
  }

  #removeLater(ids: readonly FileId[]): void {
    this.#collect(() => this.#orphans.remove(ids)).catch((error: unknown) =>
      this.#options.log.event('files.collect.failed', { error }, 'error'),
    )
  }

  /** One after another; nobody's answer waits for it. */
  #collect(work: () => Promise<void>): Promise<void> {
    const run = this.#collecting.then(work)
    this.#collecting = run.catch(() => {})
    return run
  }
}
