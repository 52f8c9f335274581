import { type FileHandle, lstat, mkdir, open, opendir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { fromFile } from '../../http/index.ts'
import { type Clock, systemClock } from '../../kit/clock.ts'
import { notFound } from '../../kit/errors.ts'
import { newId } from '../../kit/ids.ts'
import { filesError } from '../errors.ts'
import { type ByteRange, isStoreKey, type Store, type Stored } from '../store.ts'
import { diskError, isMissing } from './disk-error.ts'
import { DiskPieces } from './disk-pieces.ts'
import { type Lease, SharedHandles } from './handles.ts'
import { RangeReader } from './reader.ts'
import { prepareSource } from './source.ts'
import { syncFolder } from './sync.ts'
import { writeSynced } from './write.ts'

/** What nobody has written to for so long belongs to a process that is gone. */
const strayAfter = 3_600_000

/**
 * Opens a store in a folder, which is made when it is not there.
 * @throws TAPRI_FILES_STORE when the folder cannot be written
 * @example const store = await openDisk('data/files')
 */
export async function openDisk(folder: string, clock: Clock = systemClock): Promise<Store> {
  const store = new DiskStore(resolve(folder), clock)
  await store.prepare()
  return store
}

class DiskStore implements Store {
  readonly pieces: DiskPieces
  readonly #folder: string
  /** Beside the shards, so that a rename never crosses file systems. */
  readonly #incoming: string
  readonly #handles: SharedHandles
  readonly #clock: Clock

  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
    this.#handles = new SharedHandles(clock)
    this.#incoming = join(folder, 'incoming')
    this.pieces = new DiskPieces({ root: folder, target: (key) => this.path(key) })
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
    prepareSource(source, options.signal)
    let isInPlace = false
    try {
      await mkdir(this.#incoming, { recursive: true })
      const stored = await writeSynced(unfinished, source)
      await mkdir(dirname(target), { recursive: true })
      await rename(unfinished, target)
      isInPlace = true
      await syncFolder(dirname(target))
      await syncFolder(this.#folder)
      await this.#handles.renew(target)
      return stored
    } catch (cause) {
      source.destroy()
      await rm(isInPlace ? target : unfinished, { force: true }).catch(() => {})
      throw diskError(cause)
    }
  }

  async get(key: string, range?: ByteRange): Promise<Readable> {
    const path = this.path(key)
    const lease = await this.lease(key)
    if (range !== undefined) return fromFile(new RangeReader(lease, range), { path, ...range })
    try {
      const whole = { start: 0, end: (await lease.handle.stat()).size - 1 }
      return fromFile(new RangeReader(lease, whole), { path, ...whole })
    } catch (cause) {
      await lease.release()
      throw diskError(cause)
    }
  }

  async lease(key: string): Promise<Lease> {
    try {
      return await this.#handles.lease(this.path(key))
    } catch (cause) {
      throw isMissing(cause) ? notFound(`No bytes are kept as "${key}"`) : diskError(cause)
    }
  }

  async stat(key: string): Promise<{ readonly size: number } | undefined> {
    const found = await this.#look(this.path(key))
    return found?.isFile() === true ? { size: found.size } : undefined
  }

  async delete(key: string): Promise<void> {
    const path = this.path(key)
    try {
      await this.#handles.renew(path)
      await rm(path, { force: true })
    } catch (cause) {
      throw diskError(cause)
    }
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

  /** Other processes may be writing here too: what is young is theirs. */
  async sweep(): Promise<number> {
    await mkdir(this.#incoming, { recursive: true })
    let count = 0
    for (const name of await readdir(this.#incoming)) {
      const path = join(this.#incoming, name)
      const found = await this.#look(path)
      if (found === undefined || found.mtimeMs > this.#clock.now() - strayAfter) continue
      await rm(path, { force: true })
      count++
    }
    return count
  }

  close(): Promise<void> {
    return this.#handles.close()
  }

  path(key: string): string {
    if (!isStoreKey(key)) throw notFound('No bytes are kept under such a key')
    // ids begin with the time, so their ends spread evenly
    return join(this.#folder, key.slice(-2), key)
  }

  /** Never through a symbolic link. */
  async #look(path: string) {
    try {
      return await lstat(path)
    } catch (cause) {
      if (isMissing(cause)) return undefined
      throw diskError(cause)
    }
  }
}
