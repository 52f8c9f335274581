import type { Readable } from 'node:stream'
import type { Clock } from '../kit/clock.ts'
import { notFound, TapriError } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import type { Id } from '../schema/index.ts'
import { type FileDb, idOf } from './file-db.ts'
import type { Store } from './store.ts'

const batch = 500

/** Something that was made of a file, whole and in the store. */
export interface Rendition {
  readonly name: string
  /** Of its bytes in the store. */
  readonly key: string
  readonly type: string
  /** Bytes. */
  readonly size: number
  /** When it was made. */
  readonly at: Date
}

interface Put extends Pick<Rendition, 'name' | 'type'> {
  readonly source: Readable
  readonly key?: string
  readonly signal: AbortSignal | undefined
}

/** Milliseconds after which one that is not whole was left by a process that has ended. */
const givenUpAfter = 60_000

interface RenditionTools {
  readonly db: FileDb
  readonly store: Store
  readonly clock: Clock
}

/**
 * What was made of files. Like files themselves each has a row from before its first byte until after its last is removed.
 * @example await renditions.keep(file.id, { name: 'thumb.webp', type: 'image/webp' }, Readable.from([bytes]))
 */
export class Renditions {
  readonly #tools: RenditionTools

  constructor(tools: RenditionTools) {
    this.#tools = tools
  }

  async find(file: string, name: string): Promise<Rendition | undefined> {
    const row = await this.#tools.db.tapri_renditions.first({ where: { file: idOf(file), name, not: { size: null } } })
    return row === null ? undefined : { name, key: row.key, type: row.type, size: row.size ?? 0, at: row.at }
  }

  /** Keeps it in place of one of that name, which stays when it fails; readers of that one get to its end.
   * @throws TAPRI_FILES_STORE, TAPRI_NOT_FOUND when the file has gone meanwhile */
  async keep(
    file: string,
    { name, type }: Pick<Rendition, 'name' | 'type'>,
    source: Readable,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Rendition> {
    const put = { type, source, signal: options?.signal }
    if ((await this.#tools.db.tapri_renditions.count({ where: { file: idOf(file), name } })) === 0)
      return this.#put(file, { ...put, name })
    // only what is whole takes the place of what is there
    const key = newId()
    try {
      const made = await this.#put(file, { ...put, name: key, key })
      await this.#swap(file, { name, key })
      return { ...made, name }
    } catch (cause) {
      // what cannot be removed now goes with the file
      await this.remove(file, key).catch(() => {})
      throw cause
    }
  }

  /** Keeps it unless one of that name is kept, or is being kept by this process or another: undefined then.
   * @throws TAPRI_FILES_STORE, TAPRI_NOT_FOUND when the file has gone meanwhile */
  async add(
    file: string,
    { name, type }: Pick<Rendition, 'name' | 'type'>,
    source: Readable,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Rendition | undefined> {
    const { db, store, clock } = this.#tools
    const earlier = await db.tapri_renditions.first({ where: { file: idOf(file), name } })
    if (earlier !== null) {
      if (earlier.size !== null || clock.now() - earlier.at.getTime() < givenUpAfter) return undefined
      await store.delete(earlier.key)
      await db.tapri_renditions.deleteWhere({ id: earlier.id })
    }
    try {
      return await this.#put(file, { name, type, source, signal: options?.signal })
    } catch (error) {
      if (error instanceof TapriError && error.code === 'TAPRI_DATA_NOT_UNIQUE') return undefined
      throw error
    }
  }

  async #put(file: string, { name, type, source, signal, key = newId() }: Put): Promise<Rendition> {
    const { db, store, clock } = this.#tools
    const at = new Date(clock.now())
    const { id } = await db.tapri_renditions.create({ file: idOf(file), name, type, key, at })
    try {
      const { size } = await store.put(key, source, signal === undefined ? {} : { signal })
      // who removes a file that was given up meanwhile may have looked for this before it was here
      if ((await db.tapri_renditions.updateWhere({ id, file: { state: 'attached' } }, { size })) === 0) throw fileGone()
      return { name, key, type, size, at }
    } catch (error) {
      if (await this.#isLost(id)) {
        await store.delete(key)
        await db.tapri_renditions.deleteWhere({ id })
      }
      throw error
    }
  }

  /** Whether nobody will remove it: its row was removed while its bytes came, or its file was given up. */
  async #isLost(id: Id<'tapri_renditions'>): Promise<boolean> {
    return (await this.#tools.db.tapri_renditions.count({ where: { id, file: { state: 'attached' } } })) === 0
  }

  /** Gives the name to that of this key, then removes the one that had it: each has a row until its bytes are gone. */
  async #swap(file: string, { name, key }: Pick<Rendition, 'name' | 'key'>): Promise<void> {
    const of = { file: idOf<'tapri_files'>(file) }
    const earlier = await this.#tools.db.transaction(async ({ tapri_renditions: rows }) => {
      const before = await rows.first({ where: { ...of, name } })
      if (before !== null) await rows.update(before.id, { name: before.key })
      if ((await rows.updateWhere({ ...of, name: key }, { name })) === 0) throw fileGone()
      return before
    })
    if (earlier !== null) await this.remove(file, earlier.key)
  }

  /** Removes one, or all of a file; when that fails, what is left of them stays to be removed with the file. */
  async remove(file: string, name?: string): Promise<void> {
    const { db, store } = this.#tools
    const where = { file: idOf<'tapri_files'>(file), ...(name !== undefined && { name }) }
    for (let found = batch; found === batch; ) {
      const rows = await db.tapri_renditions.find({ where, limit: batch })
      for (const { id, key } of rows) {
        await store.delete(key)
        // another process may have done so already
        await db.tapri_renditions.deleteWhere({ id })
      }
      found = rows.length
    }
  }
}

function fileGone() {
  return notFound('There is no such file any more: it was removed while something was made of it')
}
