import { isRedisError } from '../redis/index.ts'
import type { CacheEntry, CacheKeep, CacheStore, Release, TagStamp } from './store.ts'

const mostOwed = 10_000

/**
 * A store whose failures are misses, so that an app lives on without it. What was invalidated meanwhile is invalidated
 * before anything is read again.
 */
export class ForgivingStore implements CacheStore {
  readonly #store: CacheStore
  readonly #owed = new Set<string>()
  #owesAll = false
  #paying: Promise<void> | undefined

  constructor(store: CacheStore) {
    this.#store = store
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
      while (this.#owed.size > 0 || this.#owesAll || this.#paying !== undefined) {
        this.#paying ??= this.#pay().finally(() => {
          this.#paying = undefined
        })
        await this.#paying
      }
      return await work()
    } catch (error) {
      if (!isRedisError(error)) throw error
      return undefined
    }
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
      for (const tag of tags) this.#owed.add(tag)
      this.#owesAll ||= all
      throw error
    }
  }
}
