import { type Answer, sendRanges } from '../http/index.ts'
import { TapriError } from '../kit/errors.ts'
import type { Log } from '../observe/index.ts'
import { sentElsewhere } from './elsewhere.ts'
import type { Store } from './store.ts'
import type { SendBy } from './types.ts'

export interface SentTools {
  readonly store: Store
  readonly log: Log
  readonly sendBy?: SendBy | undefined
}

/** Bytes of a store, and what their caller is told of them. */
export interface SentBytes {
  readonly key: string
  /** Bytes. */
  readonly size: number
  readonly type: string
  /** With its quotes. */
  readonly etag: string
  readonly lastModified?: Date
  readonly headers: Readonly<Record<string, string>>
  /** Whether its caller may be sent to the store for it; not unless told. */
  readonly mayRedirect?: boolean
  /** What the caller is told when they are lost; the log tells of it too. */
  missing(): Error
  /** What the log says of them. */
  readonly facts: object
}

/** Answers bytes of a store: whole, in ranges, or not at all when the caller has them. */
export function sendStored(bytes: SentBytes, { store, log, sendBy }: SentTools): Answer {
  const { key, size, type, etag, lastModified, mayRedirect = false } = bytes
  const headers = { ...sandboxed, ...bytes.headers }
  const lost = (error: unknown): never => {
    // deleted since its row was read, or lost: the log tells which
    if (error instanceof TapriError && error.code === 'TAPRI_NOT_FOUND') {
      log.event('files.bytes.missing', bytes.facts, 'error')
      throw bytes.missing()
    }
    throw error
  }
  const { lease } = store
  const here = sendRanges({
    size,
    type,
    etag,
    ...(lastModified !== undefined && { lastModified }),
    headers,
    open: (start, end) => store.get(key, { start, end }).catch(lost),
    ...(lease !== undefined && { lease: () => lease.call(store, key).catch(lost) }),
  })
  return sentElsewhere({ key, type, headers, mayRedirect, here }, store, sendBy) ?? here
}

/** Whatever an uploader managed to store, it runs nothing here and is not guessed to be anything else. */
export const sandboxed = { 'Content-Security-Policy': "sandbox; default-src 'none'" } as const

/** Pictures, sound and films are shown in the page; SVG can run script, so it is only ever saved. */
export function isShown(type: string): boolean {
  return /^(?:image|video|audio)\//.test(type) && !type.includes('svg')
}
