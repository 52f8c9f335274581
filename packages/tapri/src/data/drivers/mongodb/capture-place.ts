import { makeKept } from './kept.ts'
import type { ClientSession, Server } from './server.ts'

const name = 'captured'

/**
 * How far what others wrote is in the change log: a token of the change stream, as a text; empty when there is none. Beside it stand
 * the collections whose images are kept for that alone.
 */
export class CapturePlace {
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  async read(): Promise<string> {
    await makeKept(this.#server, name, { value: '' })
    return String((await this.#server.meta().findOne({ _id: name }))?.value ?? '')
  }

  /** Whether it was where it is moved from: otherwise another process has moved it. */
  async move(from: string, to: string, { session }: { readonly session?: ClientSession } = {}): Promise<boolean> {
    const found = { _id: name, value: from }
    const { matchedCount } = await this.#server.meta().updateOne(found, { $set: { value: to } }, { ...(session && { session }) })
    return matchedCount === 1
  }

  /** Writes down that images of these collections are kept for us. */
  async addImaged(collections: readonly string[]): Promise<void> {
    if (collections.length === 0) return
    await this.#server.meta().updateOne({ _id: name }, { $addToSet: { imaged: { $each: collections } } })
  }

  /** The collections whose images are kept for us; undefined when there is no place. */
  async imaged(): Promise<readonly string[] | undefined> {
    const place = await this.#server.meta().findOne({ _id: name })
    if (place === null) return undefined
    return Array.isArray(place.imaged) ? place.imaged.map(String) : []
  }

  async remove(): Promise<void> {
    await this.#server.meta().deleteOne({ _id: name })
  }
}
