import { Readable } from 'node:stream'
import { notFound } from '../../../kit/errors.ts'
import type { Pieces, Stored, Unfinished } from '../../store.ts'
import { appendAt } from '../append.ts'
import { partMemory } from '../budget.ts'
import { inParts } from '../parts.ts'
import { readRemote } from '../remote-reader.ts'
import type { Asset, Cloud } from './cloud.ts'
import type { CloudNames } from './names.ts'

const pieceSize = 8 * 1024 ** 2

interface Tools {
  readonly names: CloudNames
  /** Puts a file, and leaves what is there alone when it fails. */
  put(key: string, source: Readable): Promise<Stored>
  stat(key: string): Promise<{ readonly size: number } | undefined>
}

/**
 * A file in pieces is a file for each piece: Cloudinary does not tell how far an upload in chunks has come, so they are read
 * and sent once more in the end.
 */
export class CloudinaryPieces implements Pieces {
  readonly #cloud: Cloud
  readonly #tools: Tools

  constructor(cloud: Cloud, tools: Tools) {
    this.#cloud = cloud
    this.#tools = tools
  }

  async begin(key: string): Promise<string> {
    await this.#cloud.put(this.#tools.names.marker(key), Buffer.from('-'))
    return ''
  }

  async offset({ key }: Unfinished): Promise<number | undefined> {
    const chain = await this.#chain(key)
    return chain === undefined ? (await this.#tools.stat(key))?.size : sizeOf(chain)
  }

  async append(
    { key }: Unfinished,
    offset: number,
    source: Readable,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    const append = () => this.#appendTo(key, offset, source)
    return appendAt({ key, offset, source, signal }, { find: () => this.#chain(key), sizeOf, append })
  }

  async #appendTo(key: string, offset: number, source: Readable): Promise<number> {
    let size = offset
    using share = partMemory.share(2 * pieceSize, source)
    for await (const bytes of inParts(source, { size: pieceSize, share })) {
      await this.#cloud.put(this.#tools.names.piece(key, size), bytes)
      share.give(bytes.length)
      size += bytes.length
    }
    return size
  }

  async complete({ key }: Unfinished): Promise<{ readonly size: number }> {
    const chain = await this.#chain(key)
    const done = await this.#tools.stat(key)
    if (done !== undefined) return this.#completed(key, done.size)
    if (chain === undefined) throw notFound(`No bytes are kept as "${key}"`)
    try {
      const { size } = await this.#tools.put(key, Readable.from(this.#read(key, chain), { objectMode: false }))
      return await this.#completed(key, size)
    } catch (cause) {
      // another request may have done it, and removed the pieces
      const other = await this.#tools.stat(key)
      if (other === undefined) throw cause
      return this.#completed(key, other.size)
    }
  }

  async #completed(key: string, size: number): Promise<{ readonly size: number }> {
    await this.abandon({ key })
    return { size }
  }

  async abandon({ key }: Pick<Unfinished, 'key'>): Promise<void> {
    await this.#cloud.deleteAll(`${this.#tools.names.partial(key)}/`)
  }

  async *#read(key: string, chain: readonly Asset[]): AsyncGenerator<Uint8Array, void> {
    for (const { name, size } of chain) {
      yield* await readRemote(key, { start: 0, end: size - 1 }, (range) => this.#cloud.get(name, range))
    }
  }

  /** The pieces that follow each other from the first byte on; undefined when there is no such file in pieces. */
  async #chain(key: string): Promise<readonly Asset[] | undefined> {
    const { names } = this.#tools
    const found = await Array.fromAsync(this.#cloud.list(`${names.partial(key)}/`))
    if (found.length === 0) return undefined
    const byName = new Map(found.map((asset) => [asset.name, asset]))
    const chain: Asset[] = []
    let offset = 0
    for (let piece = byName.get(names.piece(key, 0)); piece !== undefined; piece = byName.get(names.piece(key, offset))) {
      chain.push(piece)
      offset += piece.size
    }
    return chain
  }
}

function sizeOf(chain: readonly Asset[]): number {
  return chain.reduce((sum, { size }) => sum + size, 0)
}
