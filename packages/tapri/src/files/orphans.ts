import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import type { FileDb, FileId, FileRow } from './file-db.ts'
import type { Renditions } from './renditions.ts'
import type { Store } from './store.ts'

const batch = 100
/** Milliseconds for which bytes are looked for that come by a URL of the store after it has closed: their sender may be very slow,
 * and the store asks only at the beginning whether the URL is good. */
const watchedFor = 86_400_000

interface OrphanTools {
  readonly db: FileDb
  readonly store: Store
  readonly renditions: Renditions
  readonly clock: Clock
  readonly log: Log
}

/**
 * Removes files that no row has: their bytes, then the rows that tell of them. Several processes may do so at once, and
 * what cannot be removed waits for the next try.
 */
export class Orphans {
  readonly #tools: OrphanTools

  constructor(tools: OrphanTools) {
    this.#tools = tools
  }

  /** Removes those of these files that are orphaned, at once. */
  async remove(ids: readonly FileId[]): Promise<void> {
    for (let at = 0; at < ids.length; at += batch) {
      const where = { id: { in: ids.slice(at, at + batch) }, state: 'orphaned' } as const
      await this.#removeAll(await this.#tools.db.tapri_files.find({ where }))
    }
  }

  /** Removes everybody's, also past those that cannot be. */
  async sweep(): Promise<void> {
    const { db, clock } = this.#tools
    const now = new Date(clock.now())
    for (let last: FileId | undefined, found = batch; found === batch; ) {
      const where = {
        state: 'orphaned',
        or: [{ closes: null }, { closes: { lte: now } }],
        ...(last !== undefined && { id: { gt: last } }),
      } as const
      const rows = await db.tapri_files.find({ where, orderBy: 'id', limit: batch })
      await this.#removeAll(rows)
      found = rows.length
      last = rows.at(-1)?.id
    }
  }

  async #removeAll(files: readonly FileRow[]): Promise<void> {
    const { db, clock, log } = this.#tools
    for (const file of files) {
      try {
        await this.#removeBytes(file)
        // until then bytes may come once more, by the URL that its sender has
        if (file.closes !== null && file.closes.getTime() + watchedFor > clock.now()) continue
        // at once: what is made of it from now on finds no file. Another process may have done so already
        await db.tapri_files.deleteWhere({ id: file.id })
      } catch (error) {
        // its row stays, so that the next sweep tries again
        log.event('files.remove.failed', { error, file: file.id }, 'error')
      }
    }
  }

  async #removeBytes({ id, key, closes }: FileRow): Promise<void> {
    const { db, store, renditions } = this.#tools
    // what comes by a URL of the store comes at once, and has no pieces
    const upload = closes === null ? await db.tapri_uploads.first({ where: { file: id } }) : null
    if (upload !== null) await store.pieces.abandon({ key, memo: upload.memo })
    await renditions.remove(id)
    await store.delete(key)
  }
}
