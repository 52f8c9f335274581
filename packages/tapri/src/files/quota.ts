import type { Clock } from '../kit/clock.ts'
import { bytes, formatBytes } from '../kit/measures.ts'
import { filesError } from './errors.ts'
import { type FileDb, type FileId, idOf } from './file-db.ts'

/** The row of whoever sends a file. */
export interface Sender {
  readonly id: string
}

/** How much a user may keep in all: bytes, a text like `10gb`, or null for any amount. */
export type Quota = (user: any) => number | string | null | Promise<number | string | null>

/** Bytes that are counted before they come, at most. */
const mostAhead = 4 * 1024 ** 2

/** A file whose length nobody told. */
interface Untold {
  /** Its id, once its row is there. */
  readonly file: string | Promise<string>
  /** Bytes of it that are counted already. */
  readonly counted: number
}

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

  /** Counts a file of this user while it comes; undefined where any amount may. */
  async meter(user: Sender | null, { file, counted }: Untold): Promise<Meter | undefined> {
    const limit = await this.limitOf(user)
    if (user === null || limit === Infinity) return undefined
    const count = async (size: number) => {
      const id = idOf<'tapri_files'>(await file)
      return this.#db.transaction(async (tx) => {
        const room = limit - size - (await this.#usedBy(tx, user, id))
        if (room < 0) throw overQuota(limit)
        // a small part of what is left, so that files that come together leave room to each other
        const counted = size + Math.min(mostAhead, Math.floor(room / 32))
        // what was given up meanwhile counts no more
        await tx.tapri_files.updateWhere({ id, state: 'pending' }, { size: counted })
        return counted
      })
    }
    return new Meter(count, counted)
  }

  /** Takes back, in the transaction that made it so, what is more than the user may keep.
   * @throws TAPRI_FILES_QUOTA */
  async require(tx: FileDb, user: Sender | null, limit: number): Promise<void> {
    if (user === null || limit === Infinity) return
    if ((await this.#usedBy(tx, user)) > limit) throw overQuota(limit)
  }

  #usedBy(db: FileDb, { id }: Sender, but?: FileId): Promise<number> {
    // of what is given up, as long as it may still come by a URL of the store
    const or = [{ not: { state: 'orphaned' as const } }, { closes: { gt: new Date(this.#clock.now()) } }]
    return db.tapri_files.sum('size', { where: { owner: id, or, ...(but !== undefined && { id: { not: but } }) } })
  }
}

/** Writes down that a file has so many bytes, or some more; answers how many. */
type Count = (size: number) => Promise<number>

/** Counts the bytes of one file before they are kept, and some of them ahead: not each piece is a write. */
export class Meter {
  readonly #count: Count
  #counted: number
  #counting: Promise<void> | undefined

  constructor(count: Count, counted: number) {
    this.#count = count
    this.#counted = counted
  }

  /** Ends when so many bytes of the file are counted; undefined when they are already.
   * @throws TAPRI_FILES_QUOTA when they are more than its user may keep */
  reach(size: number): Promise<void> | undefined {
    if (size <= this.#counted) return undefined
    this.#counting = this.#more(size)
    return this.#counting
  }

  /** Ends when nothing is being counted: what is written of the file afterwards stays. */
  async rest(): Promise<void> {
    // whoever counts hears why it failed
    await this.#counting?.catch(() => {})
  }

  async #more(size: number): Promise<void> {
    this.#counted = await this.#count(size)
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
