import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { notFound } from '../../kit/errors.ts'
import { isStoreKey, type Pieces, type Unfinished } from '../store.ts'
import { diskError, isMissing } from './disk-error.ts'
import { withoutLinks } from './links.ts'
import { appendsElsewhere } from './pieces-error.ts'
import { prepareSource } from './source.ts'
import { syncFolder } from './sync.ts'
import { appendBatches } from './write.ts'

interface Places {
  /** The folder of the store. */
  readonly root: string
  /** Where a whole file lies. */
  target(key: string): string
}

/** Files that grow on the disk: what was appended is there after a crash, and after `complete` after a power cut too. */
export class DiskPieces implements Pieces {
  readonly #places: Places
  /** On the file system of the store, so that a rename never crosses file systems. */
  readonly #folder: string

  constructor(places: Places) {
    this.#places = places
    this.#folder = join(places.root, 'partial')
  }

  async begin(key: string): Promise<string> {
    const path = this.#pathOf(key)
    try {
      await mkdir(this.#folder, { recursive: true })
      await (await open(path, 'wx')).close()
      return ''
    } catch (cause) {
      throw diskError(cause)
    }
  }

  async offset({ key }: Unfinished): Promise<number | undefined> {
    return (await this.#sizeOf(this.#pathOf(key))) ?? (await this.#sizeOf(this.#places.target(key)))
  }

  async append(
    { key }: Unfinished,
    offset: number,
    source: Readable,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    try {
      prepareSource(source, signal)
      await using handle = await this.#open(key)
      const { size } = await handle.stat()
      if (size !== offset) throw appendsElsewhere(offset, size)
      return offset + (await appendBatches(handle, offset, source))
    } catch (cause) {
      throw diskError(cause)
    } finally {
      source.destroy()
    }
  }

  async #open(key: string): Promise<FileHandle> {
    try {
      return await open(this.#pathOf(key), withoutLinks('r+'))
    } catch (cause) {
      throw isMissing(cause) ? notFound(`No bytes are kept as "${key}"`) : cause
    }
  }

  async complete({ key }: Unfinished): Promise<{ readonly size: number }> {
    const target = this.#places.target(key)
    try {
      const size = await synced(this.#pathOf(key))
      await mkdir(dirname(target), { recursive: true })
      await rename(this.#pathOf(key), target)
      await syncFolder(dirname(target))
      await syncFolder(this.#places.root)
      return { size }
    } catch (cause) {
      if (!isMissing(cause)) throw diskError(cause)
    }
    // it was done before, or by another process just now
    const done = await this.#sizeOf(target)
    if (done === undefined) throw notFound(`No bytes are kept as "${key}"`)
    return { size: done }
  }

  async abandon({ key }: Unfinished): Promise<void> {
    await rm(this.#pathOf(key), { force: true }).catch((cause: unknown) => {
      throw diskError(cause)
    })
  }

  #pathOf(key: string): string {
    if (!isStoreKey(key)) throw notFound('No bytes are kept under such a key')
    return join(this.#folder, key)
  }

  async #sizeOf(path: string): Promise<number | undefined> {
    try {
      const found = await lstat(path)
      return found.isFile() ? found.size : undefined
    } catch (cause) {
      if (isMissing(cause)) return undefined
      throw diskError(cause)
    }
  }
}

async function synced(path: string): Promise<number> {
  await using handle = await open(path, withoutLinks('r+'))
  await handle.sync()
  return (await handle.stat()).size
}
