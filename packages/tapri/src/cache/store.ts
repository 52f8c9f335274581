/** How long one may take to make a value, in milliseconds, before another one begins too. */
export const claimTime = 10_000

/** What is kept under a key. */
export interface CacheEntry {
  readonly text: string
  /** Milliseconds since it was kept. */
  readonly age: number
  /** Milliseconds for which it is still fresh; none or fewer once it is stale. */
  readonly left: number
}

/** What tags stand for at one moment, by tag: an invalidated tag stands for something else from then on. */
export type TagStamp = Readonly<Record<string, string>>

export interface CacheKeep {
  /** Milliseconds for which it is fresh. */
  readonly fresh: number
  /** Milliseconds for which it may still be given while it is made anew. */
  readonly stale: number
  /** Taken before the value was made, so that what was invalidated meanwhile is not kept. */
  readonly stamp: TagStamp
  /** Only in the place of what is there still. */
  readonly replaces?: true
}

/** Ends the right to make a value. */
export type Release = () => Promise<void>

/** Where a cache keeps its texts. What does not fit makes way: nothing in it is there for certain. */
export interface CacheStore {
  /** Undefined when nothing is kept, it is too old, or one of its tags was invalidated. */
  get(key: string): Promise<CacheEntry | undefined>
  /** What the tags stand for now; it is remembered for at least `time` milliseconds. Undefined when nothing can be kept now. */
  stamp(tags: readonly string[], time: number): Promise<TagStamp | undefined>
  set(key: string, text: string, keep: CacheKeep): Promise<void>
  delete(key: string): Promise<void>
  /** Everything that was kept with one of the tags is gone, at a cost that does not grow with how much that is. */
  invalidate(tags: readonly string[]): Promise<void>
  /** Everything is gone. */
  clear(): Promise<void>
  /** The right to make the value of a key, for at most `time` milliseconds; undefined while another has it. */
  claim(key: string, time: number): Promise<Release | undefined>
}
