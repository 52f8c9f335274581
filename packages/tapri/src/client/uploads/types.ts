import type { Uploaded } from '../../app/types.ts'
import type { UploadMemory } from './memory.ts'

export interface UploadOptions {
  /** Ends the sending; what has arrived stays for a while, and another upload of the same file goes on with it. */
  readonly signal?: AbortSignal
  /** How much has arrived, as bytes; less again where a connection was lost. */
  readonly onProgress?: (progress: { readonly sent: number; readonly total: number }) => void
  /** How long it is tried again while nothing gets through: `15m` unless told, not at all where the client has no retries. */
  readonly patience?: number | string
  /** Where it is kept which uploads have begun: a page's `localStorage` unless told, null for nowhere. */
  readonly memory?: UploadMemory | null
}

/** What is known of an upload; another object after every change. */
export interface UploadState {
  /** `waiting`: the line is lost, and is tried again. */
  readonly stage: 'sending' | 'waiting' | 'paused' | 'done' | 'failed' | 'cancelled'
  /** Bytes that have arrived. */
  readonly sent: number
  readonly total: number
  /** Why it waits, or ended. */
  readonly error: unknown
}

/**
 * A file on its way to the server.
 * @example button.onclick = () => (sending.state.stage === 'paused' ? sending.resume() : sending.pause())
 */
export interface Upload {
  readonly state: UploadState
  /** What is given to the route in place of the file, once all of it has arrived. */
  readonly done: Promise<Uploaded>
  pause(): void
  /** Goes on after a pause, and at once where it waits. */
  resume(): void
  /** Ends it, and removes what has arrived; `done` rejects with TAPRI_CLIENT_CANCELLED. */
  cancel(): Promise<void>
  /** Calls after every change; the answer ends that. */
  onState(listener: () => void): () => void
}

/** A route, as far as it tells what it takes. */
export interface Takes<In> {
  optimistic(input: In, ...rest: never[]): Promise<unknown>
}

/** The names of the fields that take files. */
type FileNames<In> = { [K in keyof In]-?: Blob extends In[K] ? K : never }[keyof In]

/** One field that takes a file, and the file; any field of a route that does not tell. */
export type OneFile<In> = unknown extends In
  ? Readonly<Record<string, Blob>>
  : { [K in FileNames<In>]: { readonly [P in K]: Blob } }[FileNames<In>]
