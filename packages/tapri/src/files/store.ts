import type { Readable } from 'node:stream'

/** What a store knows of bytes that it has taken. */
export interface Stored {
  readonly size: number
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string
}

/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Keeps bytes under keys. Keys are made by the framework (lower-case letters, digits, `-`; 8 to 64 of them),
 * never taken from a sender.
 * @example const { size, sha256 } = await store.put(newId(), request)
 */
export interface Store {
  /** Takes all bytes or none: they can be read once the answer is there, also after a power cut.
   * @throws TAPRI_FILES_STORE when there is no room or no permission; what the source threw otherwise */
  put(key: string, source: Readable, options?: { readonly signal?: AbortSignal }): Promise<Stored>
  /** @throws TAPRI_NOT_FOUND when there are no such bytes */
  get(key: string, range?: ByteRange): Promise<Readable>
  stat(key: string): Promise<{ readonly size: number } | undefined>
  /** Removes the bytes; fine when there are none. Readers that have begun get to the end. */
  delete(key: string): Promise<void>
  list(): AsyncIterable<string>
  /** Removes what unfinished puts of earlier runs have left; answers how many there were. */
  sweep(): Promise<number>
  close(): Promise<void>
}

const keyForm = /^[0-9a-z][0-9a-z-]{7,63}$/

/** Whether a store takes this key: nothing in it can lead to another folder. */
export function isStoreKey(key: string): boolean {
  return keyForm.test(key)
}
