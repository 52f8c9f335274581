import type { Readable } from 'node:stream'
import { notFound } from '../../../kit/errors.ts'
import type { Pieces, Unfinished } from '../../store.ts'
import { appendAt } from '../append.ts'
import { type Budget, partMemory } from '../budget.ts'
import { InFlight } from '../in-flight.ts'
import { inParts } from '../parts.ts'
import { tooManyPieces } from '../pieces-error.ts'
import type { Names } from '../place.ts'
import { blockId, blockSize, chainOf, dropBlocks, mostBlocks } from './blocks.ts'
import type { Block, Container } from './container.ts'

/**
 * A file in pieces is blocks of its blob that are not committed: nobody can read them. An empty blob beside says that there is
 * such a file, also before its first byte.
 */
export class AzurePieces implements Pieces {
  readonly #container: Container
  readonly #names: Names
  readonly #memory: Budget

  constructor(container: Container, names: Names, memory: Budget = partMemory) {
    this.#container = container
    this.#names = names
    this.#memory = memory
  }

  async begin(key: string): Promise<string> {
    await this.#container.put(this.#names.partial(key), Buffer.alloc(0))
    return ''
  }

  async offset({ key }: Unfinished): Promise<number | undefined> {
    const chain = await this.#chain(key)
    return chain === undefined ? (await this.#container.head(this.#names.whole(key)))?.size : sizeOf(chain)
  }

  async append(
    { key }: Unfinished,
    offset: number,
    source: Readable,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    const append = (chain: readonly Block[]) => this.#appendTo(key, chain, source)
    return appendAt({ key, offset, source, signal }, { find: () => this.#chain(key), sizeOf, append })
  }

  async #appendTo(key: string, chain: readonly Block[], source: Readable): Promise<number> {
    const name = this.#names.whole(key)
    using share = this.#memory.share(2 * blockSize, source)
    const flights = new InFlight(2, (cause) => source.destroy(cause instanceof Error ? cause : undefined))
    let size = sizeOf(chain)
    let count = chain.length
    const failure = await flights.during(async () => {
      for await (const bytes of inParts(source, { size: blockSize, share })) {
        if (++count > mostBlocks) throw tooManyPieces(size)
        const id = blockId(size)
        await flights.add(async () => {
          await this.#container.stage(name, id, bytes)
          share.give(bytes.length)
        })
        size += bytes.length
      }
    })
    if (failure !== undefined) throw failure.cause
    return size
  }

  async complete({ key }: Unfinished): Promise<{ readonly size: number }> {
    const name = this.#names.whole(key)
    const chain = await this.#chain(key)
    if (chain !== undefined) {
      await this.#container.commit(
        name,
        chain.map(({ id }) => id),
      )
    }
    // another request may have done it
    const head = await this.#container.head(name)
    if (head === undefined) throw notFound(`No bytes are kept as "${key}"`)
    await this.#container.delete(this.#names.partial(key))
    return head
  }

  async abandon({ key }: Unfinished): Promise<void> {
    await dropBlocks(this.#container, this.#names.whole(key))
    await this.#container.delete(this.#names.partial(key))
  }

  /** Undefined when there is no such file in pieces. */
  async #chain(key: string): Promise<readonly Block[] | undefined> {
    const name = this.#names.whole(key)
    const [marker, whole, blocks] = await Promise.all([
      this.#container.head(this.#names.partial(key)),
      this.#container.head(name),
      this.#container.blocks(name),
    ])
    return marker === undefined || whole !== undefined ? undefined : chainOf(blocks)
  }
}

function sizeOf(chain: readonly Block[]): number {
  return chain.reduce((sum, { size }) => sum + size, 0)
}
