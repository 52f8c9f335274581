import { type Clock, systemClock } from '../kit/clock.ts'
import { isRedisError } from '../redis/index.ts'
import type { CacheEntry, CacheKeep, CacheStore, Release, TagStamp } from './store.ts'

const mostOwed = 10_000
/** How often it is tried to pay; a connection that is lost says so at once. */
const payEvery = 1000

/**
 * A store whose failures are misses, so that an app lives on without it. What was invalidated meanwhile is invalidated
 * before anything is read again, and soon after the store is back when nothing is.
 */
export class ForgivingStore implements CacheStore {
  readonly #store: CacheStore
  readonly #clock: Clock
  readonly #owed = new Set<string>()
  #owesAll = false
  #paying: Promise<void> | undefined
  #cancel: (() => void) | undefined
  #isClosed = false

  constructor(store: CacheStore, { clock = systemClock }: { readonly clock?: Clock } = {}) {
    this.#store = store
    this.#clock = clock
  }

  /** What is still owed is not tried any more. */
  close(): void {
    this.#isClosed = true
    this.#cancel?.()
  }

  get(key: string): Promise<CacheEntry | undefined> {
    return this.#try(() => this.#store.get(key))
  }

  stamp(tags: readonly string[], time: number): Promise<TagStamp | undefined> {
    return this.#try(() => this.#store.stamp(tags, time))
  }

  async set(key: string, text: string, keep: CacheKeep): Promise<void> {
    await this.#try(() => this.#store.set(key, text, keep))
  }

  async delete(key: string): Promise<void> {
    try {
      await this.#store.delete(key)
    } catch (error) {
      if (!isRedisError(error)) throw error
      // rather nothing than what should be gone
      this.#owesAll = true
      this.#payLater()
    }
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    for (const tag of tags) this.#owed.add(tag)
    if (this.#owed.size > mostOwed) this.#owesAll = true
    await this.#try(async () => {})
  }

  async clear(): Promise<void> {
    this.#owesAll = true
    await this.#try(async () => {})
  }

  /** While it is away everybody makes their own. */
  async claim(key: string, time: number): Promise<Release | undefined> {
    try {
      const release = await this.#store.claim(key, time)
      return release === undefined ? undefined : async () => void (await this.#try(release))
    } catch (error) {
      if (!isRedisError(error)) throw error
      return async () => {}
    }
  }

  async #try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      while (this.#owes || this.#paying !== undefined) {
        this.#paying ??= this.#pay().finally(() => {
          this.#paying = undefined
        })
        await this.#paying
      }
      return await work()
    } catch (error) {
      if (!isRedisError(error)) throw error
      this.#payLater()
      return undefined
    }
  }

  get #owes(): boolean {
    return this.#owesAll || this.#owed.size > 0
  }

  /** A process that only writes would else pay with its next write, and others take what is old until then. */
  #payLater(): void {
    if (this.#isClosed || this.#cancel !== undefined || !this.#owes) return
    this.#cancel = this.#clock.after(payEvery, () => {
      this.#cancel = undefined
      this.#try(async () => {}).catch(() => this.#payLater())
    })
  }

  async #pay(): Promise<void> {
    const tags = [...this.#owed]
    const all = this.#owesAll
    this.#owed.clear()
    this.#owesAll = false
    try {
      if (all) await this.#store.clear()
      else await this.#store.invalidate(tags)
    } catch (error) {
      this.#owesAll ||= all
      for (const tag of tags) this.#owed.add(tag)
      throw error
    }
  }
}
