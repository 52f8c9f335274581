import type { Readable } from 'node:stream'
import type { Clock } from '../kit/clock.ts'
import { newId } from '../kit/ids.ts'
import { type FileDb, idOf } from './file-db.ts'
import type { Store } from './store.ts'

/** Something that was made of a file, whole and in the store. */
export interface Rendition {
  readonly name: string
  /** Of its bytes in the store. */
  readonly key: string
  readonly type: string
  /** Bytes. */
  readonly size: number
}

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
    return row === null ? undefined : { name, key: row.key, type: row.type, size: row.size ?? 0 }
  }

  /** Keeps it in place of one of that name; readers of that one get to its end.
   * @throws TAPRI_FILES_STORE, TAPRI_NOT_FOUND when the file has gone meanwhile */
  async keep(
    file: string,
    { name, type }: Pick<Rendition, 'name' | 'type'>,
    source: Readable,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Rendition> {
    const { db, store, clock } = this.#tools
    await this.remove(file, name)
    const key = newId()
    const { id } = await db.tapri_renditions.create({ file: idOf(file), name, type, key, at: new Date(clock.now()) })
    const { size } = await store.put(key, source, options)
    await db.tapri_renditions.update(id, { size })
    return { name, key, type, size }
  }

  /** Removes one, or all of a file; whatever is left of them stays to be removed with the file. */
  async remove(file: string, name?: string): Promise<void> {
    const { db, store } = this.#tools
    const rows = await db.tapri_renditions.find({ where: { file: idOf(file), ...(name !== undefined && { name }) }, limit: 1000 })
    for (const { id, key } of rows) {
      await store.delete(key)
      await db.tapri_renditions.delete(id)
    }
  }
}
