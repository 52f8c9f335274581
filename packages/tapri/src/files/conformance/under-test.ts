import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Store } from '../store.ts'

/** A kind of store, and where its tests may be. */
export interface StoreUnderTest {
  /** The URL of an empty place. */
  place(): Promise<string>
  /** What there is in a place beside whole files. */
  leftovers?(url: string): Promise<readonly string[]>
  /** Whether the server removes by itself what killed processes leave, in its own time. */
  readonly sweepsItself?: boolean
  /** Hours after which something to which nothing was added is taken for a killed process's: one unless told. */
  readonly strayHours?: number
  /** Why there is no server to test with. */
  readonly skip?: string | false
  /** What holds there of URLs for browsers; undefined where there are none. */
  readonly direct?: DirectChecks
}

export interface DirectChecks {
  /** Type and name are answered as the URL tells. */
  readonly names: boolean
  /** Parts are answered as asked. */
  readonly ranges: boolean
  /** URLs that are too old, or that somebody has changed, are refused. */
  readonly forgery: boolean
  /** Files of another size are. */
  readonly sizes: boolean
  /** A second file in the place of the first is. */
  readonly again: boolean
}

/** What a claim is checked with. */
export interface Subject {
  readonly store: Store
  readonly url: string
  leftovers(): Promise<readonly string[]>
}

export type Claim = (text: string, check: (subject: Subject) => Promise<void>) => void

export const megabyte = 1024 ** 2

/** Starts a process that puts a file, or appends to the one with this memo, and kills it in the midst of it. */
export async function killWhileSending(url: string, key: string, memo?: string): Promise<void> {
  const words = memo === undefined ? [url, key] : [url, key, memo]
  const child = fork(fileURLToPath(new URL('killed.fixture.ts', import.meta.url)), words)
  await once(child, 'message')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** How many bytes such a process was given: so many that the first of small parts must have arrived. */
export const killedSize = 24 * megabyte + 12_345

/** Bytes of a film that every process knows: those from a position on. */
export function filmBytes(start: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let index = 0; index < size; index++) {
    const at = start + index
    bytes[index] = (at ^ (at >> 7) ^ (at >> 15)) & 0xff
  }
  return bytes
}

/** A source of bytes in chunks. */
export function inChunks(bytes: Buffer, size: number): Readable {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return Readable.from(chunks)
}

/** A source whose sender leaves after these bytes. */
export function cutAfter(bytes: Buffer): Readable {
  return Readable.from(
    (async function* () {
      yield* inChunks(bytes, 65_536)
      throw new Error('the sender left')
    })(),
  )
}

/** A source that says nothing more after these bytes. */
export function stalledAfter(bytes: Buffer): Readable {
  const source = new Readable({ read() {} })
  source.push(bytes)
  return source
}

export function listed(store: Store): Promise<string[]> {
  return Array.fromAsync(store.list())
}

export async function assertEmpty({ store, leftovers }: Subject, key: string): Promise<void> {
  assert.equal(await store.stat(key), undefined)
  assert.deepEqual(await listed(store), [])
  assert.deepEqual(await leftovers(), [])
}

export const badKeys = [
  '',
  '..',
  '../../etc/passwd',
  '/etc/passwd',
  'a/b/c/d/e/f',
  'abcdefgh\0',
  'ABCDEFGH',
  'x'.repeat(65),
  'abcdefg.',
  'abcdefgh%2f..',
  'partial/abcdefgh',
]
