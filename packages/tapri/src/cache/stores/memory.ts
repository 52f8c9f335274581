import type { Clock } from '../../kit/clock.ts'
import type { CacheEntry, CacheKeep, CacheStore, Release, TagStamp } from '../store.ts'

export interface MemoryStoreOptions {
  readonly clock: Clock
  /** Bytes that keys and texts may take together. */
  readonly size: number
  /** Tags that are remembered. */
  readonly mostTags?: number
}

interface Held {
  readonly text: string
  readonly at: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly tags: readonly string[]
  /** The invalidations that had happened when its making began. */
  readonly since: number
  readonly bytes: number
}

interface Tag {
  /** Which invalidation was its last. */
  readonly invalidated: number
  /** When nothing can be kept any more that has it. */
  readonly until: number
}

/** What an entry takes beside its texts, about. */
const overhead = 300
const usualTags = 50_000
/** How long the making of a value may take. */
const making = 3_600_000
const counted = ''

/** Keeps texts in this process; those that were not asked for the longest make way. */
export class MemoryStore implements CacheStore {
  readonly #clock: Clock
  readonly #size: number
  readonly #mostTags: number
  /** The one asked for last is the last. */
  readonly #held = new Map<string, Held>()
  /** Those in use. What has a tag that is not here any more is not given. */
  readonly #tags = new Map<string, Tag>()
  readonly #claims = new Map<string, { readonly until: number }>()
  #invalidations = 0
  #cleared = 0
  #bytes = 0

  constructor({ clock, size, mostTags = usualTags }: MemoryStoreOptions) {
    this.#clock = clock
    this.#size = size
    this.#mostTags = mostTags
  }

  /** What is held, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    const now = this.#clock.now()
    const held = this.#valid(key, now)
    this.#drop(key)
    if (held === undefined) return undefined
    this.#hold(key, held)
    return { text: held.text, age: now - held.at, left: held.freshUntil - now }
  }

  async stamp(tags: readonly string[], time: number): Promise<TagStamp> {
    for (const tag of tags) {
      // of a tag that was forgotten nobody knows when it was invalidated
      const { invalidated, until } = this.#tags.get(tag) ?? { invalidated: this.#invalidations, until: 0 }
      this.#tags.delete(tag)
      this.#tags.set(tag, { invalidated, until: Math.max(until, this.#clock.now() + time + making) })
    }
    if (this.#tags.size > this.#mostTags) this.#forgetTags()
    const since = String(this.#invalidations)
    return Object.fromEntries([counted, ...tags].map((tag) => [tag, since]))
  }

  async set(key: string, text: string, { fresh, stale, stamp, replaces }: CacheKeep): Promise<void> {
    const at = this.#clock.now()
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(text) + overhead
    // nothing may happen between this look and the writing: what is deleted must not come back
    if (replaces && this.#valid(key, at) === undefined) return
    this.#drop(key)
    if (bytes > this.#size || fresh + stale < 1) return
    this.#hold(key, {
      text,
      at,
      freshUntil: at + fresh,
      staleUntil: at + fresh + stale,
      tags: Object.keys(stamp).filter((tag) => tag !== counted),
      since: Number(stamp[counted] ?? 0),
      bytes,
    })
    for (const [oldest] of this.#held) {
      if (this.#bytes <= this.#size) break
      this.#drop(oldest)
    }
  }

  async delete(key: string): Promise<void> {
    this.#drop(key)
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    this.#invalidations++
    for (const tag of tags) {
      const used = this.#tags.get(tag)
      if (used !== undefined) this.#tags.set(tag, { ...used, invalidated: this.#invalidations })
    }
  }

  async clear(): Promise<void> {
    this.#held.clear()
    this.#bytes = 0
    // what is being made belongs to what was
    this.#invalidations++
    this.#cleared = this.#invalidations
  }

  async claim(key: string, time: number): Promise<Release | undefined> {
    const now = this.#clock.now()
    if ((this.#claims.get(key)?.until ?? 0) > now) return undefined
    const claim = { until: now + time }
    this.#claims.set(key, claim)
    return async () => {
      if (this.#claims.get(key) === claim) this.#claims.delete(key)
    }
  }

  #valid(key: string, now: number): Held | undefined {
    const held = this.#held.get(key)
    return held === undefined || now >= held.staleUntil || this.#isInvalid(held) ? undefined : held
  }

  #isInvalid({ tags, since }: Held): boolean {
    return since < this.#cleared || tags.some((tag) => (this.#tags.get(tag)?.invalidated ?? Number.POSITIVE_INFINITY) > since)
  }

  /** Those first that nothing has any more, then those that were used first. */
  #forgetTags(): void {
    const now = this.#clock.now()
    for (const [tag, { until }] of this.#tags) if (until <= now) this.#tags.delete(tag)
    for (const tag of this.#tags.keys()) {
      if (this.#tags.size <= this.#mostTags) break
      this.#tags.delete(tag)
    }
  }

  #hold(key: string, held: Held): void {
    this.#held.set(key, held)
    this.#bytes += held.bytes
  }

  #drop(key: string): void {
    this.#bytes -= this.#held.get(key)?.bytes ?? 0
    this.#held.delete(key)
  }
}
