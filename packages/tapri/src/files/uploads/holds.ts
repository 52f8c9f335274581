import { setTimeout as pause } from 'node:timers/promises'
import type { Bus } from '../../bus/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { notFound } from '../../kit/errors.ts'
import { newId } from '../../kit/ids.ts'
import type { Log } from '../../observe/index.ts'
import { filesError } from '../errors.ts'
import { type FileDb, idOf, type UploadId, type UploadRow } from '../file-db.ts'

/** An upload that one request works on, until it is released or another request takes it over. */
export interface Hold extends AsyncDisposable {
  /** Aborts when another request takes over: what has come is to be kept, and the hold released. */
  readonly signal: AbortSignal
}

interface Held {
  readonly token: string
  readonly ender: AbortController
  readonly over: PromiseWithResolvers<void>
  /** Until when its row says so; undefined while it waits for another one. */
  until: number | undefined
}

interface HoldTools {
  readonly db: FileDb
  readonly clock: Clock
  readonly log: Log
  /** Milliseconds for which an upload is kept that nobody goes on with. */
  readonly keepFor: number
  /** Tells other processes at once; without it they look. */
  readonly bus?: Bus | undefined
  /** Milliseconds for which a request waits until the one before it has ended: 17,000 unless told. */
  readonly patience?: number
}

/** Milliseconds for which a hold is believed of a process that says nothing more. */
const leaseFor = 6000
const renewEvery = 2000
const topic = 'files/uploads'

/**
 * Lets one request at a time work on an upload, whatever process it came to: the last one wins, as it comes from a sender
 * who has given up the one before. A process that was killed holds nothing after its lease.
 */
export class Holds {
  readonly #tools: HoldTools
  readonly #mine = new Map<UploadId, Held>()
  #stopTimer: (() => void) | undefined
  #unsubscribe: (() => Promise<void>) | undefined

  constructor(tools: HoldTools) {
    this.#tools = tools
  }

  /** Hears from other processes. */
  async open(): Promise<void> {
    this.#unsubscribe = await this.#tools.bus?.subscribe(topic, (text) => {
      const [upload, token] = text.split(' ')
      for (const [id, held] of this.#mine) if (id === upload && held.token !== token) held.ender.abort(takenOver())
    })
  }

  /**
   * Ends the request that works on the upload, and takes its place.
   * @throws TAPRI_NOT_FOUND when the upload is gone, TAPRI_FILES_LOCKED when the other one does not end
   */
  async take(upload: UploadId): Promise<Hold> {
    const giveUp = performance.now() + (this.#tools.patience ?? 17_000)
    for (let other = this.#mine.get(upload); other !== undefined; other = this.#mine.get(upload)) {
      other.ender.abort(takenOver())
      await endsBefore(giveUp, other.over.promise)
    }
    const held: Held = { token: newId(), ender: new AbortController(), over: Promise.withResolvers(), until: undefined }
    this.#mine.set(upload, held)
    try {
      held.until = await this.#claim(upload, held, giveUp)
    } catch (cause) {
      this.#forget(upload, held)
      throw cause
    }
    this.#stopTimer ??= this.#renewLater()
    return { signal: held.ender.signal, [Symbol.asyncDispose]: () => this.#release(upload, held) }
  }

  /** The same of several, in one order for all who want some of them. */
  async takeAll(uploads: readonly UploadId[]): Promise<Hold> {
    const holds: Hold[] = []
    const release = async () => {
      for (const hold of holds) await hold[Symbol.asyncDispose]()
    }
    try {
      for (const upload of uploads.toSorted()) holds.push(await this.take(upload))
    } catch (cause) {
      await release()
      throw cause
    }
    return { signal: AbortSignal.any(holds.map(({ signal }) => signal)), [Symbol.asyncDispose]: release }
  }

  async close(): Promise<void> {
    await this.#unsubscribe?.()
    for (const { ender } of this.#mine.values()) ender.abort(takenOver())
    // renewed until then: some are finishing
    await Promise.all([...this.#mine.values()].map(({ over }) => over.promise))
    this.#stopTimer?.()
  }

  /** Answers until when it holds. */
  async #claim(upload: UploadId, { token, ender }: Held, giveUp: number): Promise<number> {
    const { db, clock } = this.#tools
    for (let tried = 0; tried === 0 || performance.now() < giveUp; tried++) {
      const now = clock.now()
      const until = now + leaseFor
      const free = { or: [{ holder: null }, { held: { lte: new Date(now) } }] }
      const taken = { holder: token, held: new Date(until), wanted: null }
      if ((await db.tapri_uploads.updateWhere({ id: upload, ...free }, taken)) === 1) return until
      ender.signal.throwIfAborted()
      if (tried % 10 === 0) await this.#ask(upload, token)
      // by the machine's time: it is another process that is waited for
      await pause(Math.min(25 * 2 ** tried, 300))
    }
    throw locked()
  }

  async #ask(upload: UploadId, token: string): Promise<void> {
    const { db, bus } = this.#tools
    const found = await db.tapri_uploads.updateWhere({ id: upload }, { wanted: token })
    if (found === 0) throw notFound('There is no such upload, or no more')
    // who does not hear of it reads it in the row
    await bus?.publish(topic, `${upload} ${token}`).catch(() => {})
  }

  async #release(upload: UploadId, held: Held): Promise<void> {
    const { db, log } = this.#tools
    try {
      await db.tapri_uploads.updateWhere({ id: upload, holder: held.token }, { holder: null, held: null, wanted: null })
    } catch (error) {
      // it is free after the lease
      log.event('files.upload.release.failed', { error, upload }, 'error')
    } finally {
      this.#forget(upload, held)
    }
  }

  #forget(upload: UploadId, held: Held): void {
    if (this.#mine.get(upload) === held) this.#mine.delete(upload)
    held.over.resolve()
  }

  #renewLater(): () => void {
    return this.#tools.clock.after(renewEvery, () => {
      this.#stopTimer = undefined
      this.#renew().catch((error: unknown) => this.#tools.log.event('files.upload.renew.failed', { error }, 'error'))
    })
  }

  /** Says of all holds at once that they are still worked on, also of those that others wait for: they may be finishing. */
  async #renew(): Promise<void> {
    const { db, clock } = this.#tools
    const mine = [...this.#mine.values()].filter(({ until }) => until !== undefined)
    if (mine.length > 0) this.#stopTimer ??= this.#renewLater()
    // whoever was not heard of in time has been taken for dead
    for (const { until, ender } of mine) if (until !== undefined && until <= clock.now()) ender.abort(takenOver())
    for (let at = 0; at < mine.length; at += 500) {
      const some = mine.slice(at, at + 500)
      const where = { holder: { in: some.map(({ token }) => token) } }
      const until = clock.now() + leaseFor
      await db.tapri_uploads.updateWhere(where, { held: new Date(until) })
      for (const held of some) held.until = until
      const rows = await db.tapri_uploads.find({ where, select: { holder: true, wanted: true, file: true, expires: true } })
      const kept = new Set(rows.filter(({ wanted }) => wanted === null).map(({ holder }) => holder))
      for (const { token, ender } of some) if (!kept.has(token)) ender.abort(takenOver())
      await this.#putOff(rows)
    }
  }

  /** What is worked on does not expire, however long its request takes. */
  async #putOff(rows: readonly Pick<UploadRow, 'file' | 'expires'>[]): Promise<void> {
    const { db, clock, keepFor } = this.#tools
    const expires = new Date(clock.now() + keepFor)
    const files = rows.filter((row) => isDue(row.expires, expires, keepFor)).map(({ file }) => idOf<'tapri_files'>(file))
    if (files.length === 0) return
    await db.tapri_files.updateWhere({ id: { in: files }, state: 'pending' }, { expires })
    await db.tapri_uploads.updateWhere({ file: { in: files } }, { expires })
  }
}

/** Whether putting an upload off is worth a write. */
export function isDue(expires: Date, next: Date, keepFor: number): boolean {
  return next.getTime() - expires.getTime() >= keepFor / 24
}

/** @throws TAPRI_FILES_LOCKED when it does not end before that time of `performance.now()` */
async function endsBefore(giveUp: number, over: Promise<void>): Promise<void> {
  const ended = new AbortController()
  const late = pause(Math.max(0, giveUp - performance.now()), undefined, { signal: ended.signal }).then(() => {
    throw locked()
  })
  try {
    await Promise.race([over, late])
  } finally {
    ended.abort()
  }
}

function locked() {
  return filesError('TAPRI_FILES_LOCKED', 'Cannot work on this upload: another request does, and does not end; try again', {
    facts: { retryAfter: leaseFor / 1000 },
  })
}

function takenOver() {
  return filesError('TAPRI_FILES_TAKEN_OVER', 'Cannot go on with this request: a later one goes on with the upload')
}
