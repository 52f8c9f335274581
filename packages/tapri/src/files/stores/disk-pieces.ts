import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { notFound } from '../../kit/errors.ts'
import { filesError } from '../errors.ts'
import { isStoreKey, type Pieces, type Unfinished } from '../store.ts'
import { diskError, isMissing } from './disk-error.ts'
import { syncFolder } from './sync.ts'
import { appendBatches } from './write.ts'

interface Places {
  /** Where files lie while they come in pieces, on the file system of the store. */
  readonly folder: string
  /** Where a whole file lies. */
  target(key: string): string
}

/** Files that grow on the disk: what was appended is there after a crash, and after `complete` after a power cut too. */
export class DiskPieces implements Pieces {
  readonly #places: Places

  constructor(places: Places) {
    this.#places = places
  }

  async begin(key: string): Promise<string> {
    const path = this.#pathOf(key)
    try {
      await mkdir(this.#places.folder, { recursive: true })
      await (await open(path, 'wx')).close()
      return ''
    } catch (cause) {
      throw diskError(cause)
    }
  }

  async offset({ key }: Unfinished): Promise<number | undefined> {
    return (await this.#sizeOf(this.#pathOf(key))) ?? (await this.#sizeOf(this.#places.target(key)))
  }

  async append({ key }: Unfinished, offset: number, source: Readable, options: { signal?: AbortSignal } = {}): Promise<number> {
    let file: FileHandle
    try {
      file = await open(this.#pathOf(key), 'r+')
    } catch (cause) {
      source.destroy()
      throw isMissing(cause) ? notFound(`No bytes are kept as "${key}"`) : diskError(cause)
    }
    await using handle = file
    const { size } = await handle.stat()
    if (size !== offset) {
      source.destroy()
      throw filesError('TAPRI_FILES_OFFSET', `Cannot append at ${offset}: the file has ${size} bytes so far`, {
        facts: { offset: size },
      })
    }
    try {
      return offset + (await appendBatches(handle, offset, source, options.signal))
    } catch (cause) {
      source.destroy()
      throw diskError(cause)
    }
  }

  async complete({ key }: Unfinished): Promise<{ readonly size: number }> {
    const path = this.#pathOf(key)
    const target = this.#places.target(key)
    try {
      const done = await this.#sizeOf(target)
      if (done !== undefined) return { size: done }
      const size = await synced(path)
      await mkdir(dirname(target), { recursive: true })
      await rename(path, target)
      await syncFolder(dirname(target))
      return { size }
    } catch (cause) {
      throw isMissing(cause) ? notFound(`No bytes are kept as "${key}"`) : diskError(cause)
    }
  }

  async abandon({ key }: Unfinished): Promise<void> {
    await rm(this.#pathOf(key), { force: true }).catch((cause: unknown) => {
      throw diskError(cause)
    })
  }

  #pathOf(key: string): string {
    if (!isStoreKey(key)) throw notFound('No bytes are kept under such a key')
    return join(this.#places.folder, key)
  }

  async #sizeOf(path: string): Promise<number | undefined> {
    try {
      return (await stat(path)).size
    } catch (cause) {
      if (isMissing(cause)) return undefined
      throw diskError(cause)
    }
  }
}

async function synced(path: string): Promise<number> {
  await using handle = await open(path, 'r+')
  await handle.sync()
  return (await handle.stat()).size
}
