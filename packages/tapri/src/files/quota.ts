import type { Clock } from '../kit/clock.ts'
import { bytes, formatBytes } from '../kit/measures.ts'
import { filesError } from './errors.ts'
import type { FileDb } from './file-db.ts'

/** The row of whoever sends a file. */
export interface Sender {
  readonly id: string
}

/** How much a user may keep in all: bytes, a text like `10gb`, or null for any amount. */
export type Quota = (user: any) => number | string | null | Promise<number | string | null>

/** What users may keep: the files of their rows, and those on their way. */
export class Quotas {
  readonly #db: FileDb
  readonly #clock: Clock
  readonly #quota: Quota | undefined

  constructor(db: FileDb, { clock, quota }: { readonly clock: Clock; readonly quota: Quota | undefined }) {
    this.#db = db
    this.#clock = clock
    this.#quota = quota
  }

  /** Bytes that the user may keep, Infinity for any amount. A visitor has no account to be counted on: fields limit what one sends. */
  async limitOf(user: Sender | null): Promise<number> {
    if (user === null || this.#quota === undefined) return Infinity
    const limit = await this.#quota(user)
    return limit === null ? Infinity : bytes(limit)
  }

  /** What the user may keep in all, and how many bytes of that are left. */
  async of(user: Sender | null): Promise<{ readonly quota: number; readonly room: number }> {
    const quota = await this.limitOf(user)
    if (user === null || quota === Infinity) return { quota, room: Infinity }
    return { quota, room: Math.max(0, quota - (await this.#usedBy(this.#db, user))) }
  }

  /** Takes back, in the transaction that made it so, what is more than the user may keep.
   * @throws TAPRI_FILES_QUOTA */
  async require(tx: FileDb, user: Sender | null, limit: number): Promise<void> {
    if (user === null || limit === Infinity) return
    if ((await this.#usedBy(tx, user)) > limit) throw overQuota(limit)
  }

  #usedBy(db: FileDb, { id }: Sender): Promise<number> {
    // of what is given up, as long as it may still come by a URL of the store
    const or = [{ not: { state: 'orphaned' as const } }, { closes: { gt: new Date(this.#clock.now()) } }]
    return db.tapri_files.sum('size', { where: { owner: id, or } })
  }
}

export function overQuota(limit: number) {
  return filesError(
    'TAPRI_FILES_QUOTA',
    `Cannot take the file: with it you would keep more than the ${formatBytes(limit)} that you may`,
    {
      facts: { quota: limit },
    },
  )
}

/** Names whoever sends: a user, or a visitor by the address; undefined for the app itself. */
export function whoSends(user: Sender | null, address: string | undefined): string | undefined {
  if (user !== null) return `user ${user.id}`
  return address === undefined ? undefined : `at ${address}`
}
