/** A text, or parts that together name one thing: `['price', product, currency]`. */
export type CacheKey = string | readonly (string | number | boolean | null)[]

/** How long, and by which tags, a value is kept; durations like `5m`, or milliseconds. */
export interface CacheOptions {
  /** How long it is fresh. */
  readonly ttl: number | string
  /** How long after that it may still be given while it is made anew beside. */
  readonly staleWhileRevalidate?: number | string
  /** What it was made from: it is gone once one of them is invalidated. The name of a model, or `model:id` for one row, is
   * invalidated by every change to it. */
  readonly tags?: readonly string[]
}

export interface WrapOptions extends CacheOptions {
  /** How long `null`, which says that there is nothing, is fresh; as long as everything else unless told. */
  readonly negativeTtl?: number | string
}

/** Keeps what is dear to make. Nothing in it is there for certain. */
export interface Cache {
  /** What is kept under a key, undefined when nothing is (any more). */
  get(key: CacheKey): Promise<unknown>
  /**
   * Keeps a value: JSON, in which times stay times. `undefined` is not kept.
   * @throws TAPRI_CACHE_VALUE, TAPRI_CACHE_TAG, TAPRI_KIT_DURATION
   */
  set(key: CacheKey, value: unknown, options: CacheOptions): Promise<void>
  delete(key: CacheKey): Promise<void>
  /**
   * What is kept under a key, else what `make` gives, which is kept. However many ask at once, it is made once in this
   * process, and once among all that share a Redis. What `make` throws is thrown, and not kept; neither is `undefined`.
   * @throws TAPRI_CACHE_VALUE, TAPRI_CACHE_TAG, TAPRI_KIT_DURATION
   * @example const rates = await cache.wrap('rates', { ttl: '10m', staleWhileRevalidate: '1h' }, () => fetchRates())
   */
  wrap<T>(key: CacheKey, options: WrapOptions, make: () => Promise<T> | T): Promise<T>
  /** Everything that was kept with one of the tags is gone, also what is being made from them now.
   * @throws TAPRI_CACHE_TAG */
  invalidate(what: { readonly tags: readonly string[] }): Promise<void>
  /** Everything is gone. */
  clear(): Promise<void>
}
