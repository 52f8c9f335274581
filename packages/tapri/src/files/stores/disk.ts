import { type FileHandle, mkdir, open, opendir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { fromFile } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { newId } from '../../kit/ids.ts'
import { filesError } from '../errors.ts'
import { type ByteRange, isStoreKey, type Store, type Stored } from '../store.ts'
import { diskError, isMissing } from './disk-error.ts'
import { DiskPieces } from './disk-pieces.ts'
import { SharedHandles } from './handles.ts'
import { RangeReader } from './reader.ts'
import { syncFolder } from './sync.ts'
import { writeSynced } from './write.ts'

/**
 * Opens a store in a folder, which is made when it is not there.
 * @throws TAPRI_FILES_STORE when the folder cannot be written
 * @example const store = await openDisk('data/files')
 */
export async function openDisk(folder: string): Promise<Store> {
  const store = new DiskStore(resolve(folder))
  await store.prepare()
  return store
}

class DiskStore implements Store {
  readonly pieces: DiskPieces
  readonly #folder: string
  /** Beside the shards, so that a rename never crosses file systems. */
  readonly #incoming: string
  readonly #handles = new SharedHandles()
  readonly #writing = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
    this.#incoming = join(folder, 'incoming')
    this.pieces = new DiskPieces({ folder: join(folder, 'partial'), target: (key) => this.path(key) })
  }

  /** Finds out at the start, not at the first upload, that nothing can be written. */
  async prepare(): Promise<void> {
    const probe = join(this.#incoming, `probe-${newId()}`)
    try {
      await mkdir(this.#incoming, { recursive: true })
      await using _file: FileHandle = await open(probe, 'wx')
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw filesError('TAPRI_FILES_STORE', `Cannot keep files in "${this.#folder}": ${reason}`, { cause })
    }
    await rm(probe, { force: true })
  }

  async put(key: string, source: Readable, options: { readonly signal?: AbortSignal } = {}): Promise<Stored> {
    const target = this.path(key)
    const unfinished = join(this.#incoming, `${key}.${newId()}`)
    if (options.signal !== undefined) addAbortSignal(options.signal, source)
    this.#writing.add(unfinished)
    let isInPlace = false
    try {
      await mkdir(this.#incoming, { recursive: true })
      const stored = await writeSynced(unfinished, source)
      await mkdir(dirname(target), { recursive: true })
      await rename(unfinished, target)
      isInPlace = true
      await syncFolder(dirname(target))
      await syncFolder(this.#folder)
      this.#handles.renew(target)
      return stored
    } catch (cause) {
      source.destroy()
      await rm(isInPlace ? target : unfinished, { force: true }).catch(() => {})
      throw diskError(cause)
    } finally {
      this.#writing.delete(unfinished)
    }
  }

  async get(key: string, range?: ByteRange): Promise<Readable> {
    const path = this.path(key)
    const lease = await this.#handles.lease(path).catch((cause: unknown) => {
      throw isMissing(cause) ? notFound(`No bytes are kept as "${key}"`) : diskError(cause)
    })
    if (range !== undefined) return fromFile(new RangeReader(lease, range), { path, ...range })
    try {
      const whole = { start: 0, end: (await lease.handle.stat()).size - 1 }
      return fromFile(new RangeReader(lease, whole), { path, ...whole })
    } catch (cause) {
      await lease.release()
      throw diskError(cause)
    }
  }

  async stat(key: string): Promise<{ readonly size: number } | undefined> {
    try {
      return { size: (await stat(this.path(key))).size }
    } catch (cause) {
      if (isMissing(cause)) return undefined
      throw diskError(cause)
    }
  }

  async delete(key: string): Promise<void> {
    const path = this.path(key)
    this.#handles.renew(path)
    await rm(path, { force: true }).catch((cause: unknown) => {
      throw diskError(cause)
    })
  }

  async *list(): AsyncIterable<string> {
    await mkdir(this.#folder, { recursive: true })
    for await (const shard of await opendir(this.#folder)) {
      if (!shard.isDirectory() || shard.name.length !== 2) continue
      for await (const file of await opendir(join(this.#folder, shard.name))) {
        if (file.isFile() && isStoreKey(file.name)) yield file.name
      }
    }
  }

  async sweep(): Promise<number> {
    await mkdir(this.#incoming, { recursive: true })
    const stray = (await readdir(this.#incoming))
      .map((name) => join(this.#incoming, name))
      .filter((path) => !this.#writing.has(path))
    for (const path of stray) await rm(path, { force: true })
    return stray.length
  }

  async close(): Promise<void> {}

  path(key: string): string {
    if (!isStoreKey(key)) throw notFound('No bytes are kept under such a key')
    // ids begin with the time, so their ends spread evenly
    return join(this.#folder, key.slice(-2), key)
  }
}
