import type { Readable } from 'node:stream'
import type { OpenFile } from '../http/index.ts'

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
  /** Pieces of a file that comes over several requests, also in several processes. */
  readonly pieces: Pieces
  /** URLs by which a browser fetches or sends bytes without this server; undefined where the store has none. */
  readonly direct?: Direct
  /** The file of this machine that holds the bytes, for programs that read files. */
  path?(key: string): string
  /** The same file, open, for who reads many parts of it.
   * @throws TAPRI_NOT_FOUND when there are no such bytes */
  lease?(key: string): Promise<OpenFile>
  /** Takes all bytes or none: they can be read once the answer is there, also after a power cut.
   * @throws TAPRI_FILES_STORE when there is no room or no permission; what the source threw otherwise */
  put(key: string, source: Readable, options?: { readonly signal?: AbortSignal }): Promise<Stored>
  /** @throws TAPRI_NOT_FOUND when there are no such bytes */
  get(key: string, range?: ByteRange): Promise<Readable>
  stat(key: string): Promise<{ readonly size: number } | undefined>
  /** Removes the bytes; fine when there are none. Readers that have begun get to the end. */
  delete(key: string): Promise<void>
  list(): AsyncIterable<string>
  /** Removes what puts have left that nothing was added to for an hour; answers how many there were. */
  sweep(): Promise<number>
  close(): Promise<void>
}

/** A file that is coming in pieces; `memo` is what the store must be told again of it, also by another process. */
export interface Unfinished {
  readonly key: string
  readonly memo: string
}

/** Takes files piece by piece. Nobody can read them, and `list` does not name them, until they are whole. */
export interface Pieces {
  /** Begins a file; answers its memo. */
  begin(key: string): Promise<string>
  /** So many bytes are kept, also after a crash; undefined when there is no such file in pieces. */
  offset(file: Unfinished): Promise<number | undefined>
  /** Appends what the source gives, however it ends; answers how many bytes are kept then. What the source threw is thrown
   * after what came before it was kept.
   * @throws TAPRI_FILES_OFFSET when the file does not end at `offset`, TAPRI_FILES_STORE, TAPRI_NOT_FOUND */
  append(file: Unfinished, offset: number, source: Readable, options?: { readonly signal?: AbortSignal }): Promise<number>
  /** Makes the pieces one file under its key, which is durable then. Fine when it was done before. */
  complete(file: Unfinished): Promise<{ readonly size: number }>
  /** Removes what has come; fine when there is nothing. */
  abandon(file: Unfinished): Promise<void>
}

export interface DownloadUrlOptions {
  /** Seconds from now. */
  readonly expires: number
  readonly type: string
  /** The whole value of `Content-Disposition`. */
  readonly disposition: string
}

export interface DirectUploadOptions {
  /** Seconds from now. */
  readonly expires: number
  /** Bytes. */
  readonly size: number
  readonly type: string
}

export interface DirectUpload {
  readonly method: 'PUT' | 'POST'
  readonly url: string
  /** To be sent as they are. */
  readonly headers: Readonly<Record<string, string>>
  /** Of a form that the file is the last field of, called `file`; undefined when the body is the file. */
  readonly fields?: Readonly<Record<string, string>>
}

export interface Direct {
  downloadUrl(key: string, options: DownloadUrlOptions): Promise<string>
  /** Takes one file under the key, until it expires (seconds). Not every store refuses another size or type: whoever
   * completes the upload has to look.
   * @throws TAPRI_FILES_TOO_LARGE when it is more than the store takes at once */
  uploadUrl(key: string, options: DirectUploadOptions): Promise<DirectUpload>
}

const keyForm = /^[0-9a-z][0-9a-z-]{7,63}$/

/** Whether a store takes this key: nothing in it can lead to another folder. */
export function isStoreKey(key: string): boolean {
  return keyForm.test(key)
}
