import type { Readable } from 'node:stream'
import { notFound } from '../../../kit/errors.ts'
import { formatBytes } from '../../../kit/measures.ts'
import { filesError } from '../../errors.ts'
import type { Pieces, Unfinished } from '../../store.ts'
import { appendAt } from '../append.ts'
import { type Budget, partMemory } from '../budget.ts'
import { InFlight } from '../in-flight.ts'
import { inParts } from '../parts.ts'
import type { Names } from '../place.ts'
import { blockId, blockSize, chainOf, dropBlocks, mostBlocks } from './blocks.ts'
import type { Block, Container } from './container.ts'
import { Rest } from './rest.ts'

/** How many blocks may be of any size: with whole ones after them 50,000 are enough for 312 GB of the smallest pieces. */
const mostShort = 10_000

interface AzurePiecesOptions {
  readonly mostShort?: number
}

/** What has come of a file. */
interface Progress {
  readonly chain: readonly Block[]
  /** Bytes that come after the blocks, and are too few for another. */
  readonly rest: number
}

/**
 * A file in pieces is blocks of its blob that are not committed: nobody can read them. A blob beside says that there is such a
 * file, also before its first byte, and once there are many blocks it has what is too little for one more.
 */
export class AzurePieces implements Pieces {
  readonly #container: Container
  readonly #names: Names
  readonly #memory: Budget
  readonly #mostShort: number

  constructor(container: Container, names: Names, memory: Budget = partMemory, options: AzurePiecesOptions = {}) {
    this.#container = container
    this.#names = names
    this.#memory = memory
    this.#mostShort = options.mostShort ?? mostShort
  }

  async begin(key: string): Promise<string> {
    await this.#rest(key).begin()
    return ''
  }

  async offset({ key }: Unfinished): Promise<number | undefined> {
    const progress = await this.#progress(key)
    return progress === undefined ? (await this.#container.head(this.#names.whole(key)))?.size : sizeOf(progress)
  }

  async append(
    { key }: Unfinished,
    offset: number,
    source: Readable,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    const append = (progress: Progress) => this.#appendTo(key, progress, source)
    return appendAt({ key, offset, source, signal }, { find: () => this.#progress(key), sizeOf, append })
  }

  async #appendTo(key: string, progress: Progress, source: Readable): Promise<number> {
    const name = this.#names.whole(key)
    using share = this.#memory.share(2 * blockSize, source)
    if (progress.rest > 0) await share.take(progress.rest, source)
    const flights = new InFlight(2, (cause) => source.destroy(cause instanceof Error ? cause : undefined))
    let staged = stagedSize(progress.chain)
    let count = progress.chain.length
    let rest = await this.#rest(key).read(progress.rest, staged)
    const failure = await flights.during(async () => {
      for await (const piece of inParts(source, { size: blockSize, first: blockSize - rest.length, share })) {
        if (count === mostBlocks) throw tooManyBlocks(staged)
        const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
        rest = bytes.length < blockSize && count >= this.#mostShort ? bytes : Buffer.alloc(0)
        if (rest.length > 0) continue
        const id = blockId(staged)
        await flights.add(async () => {
          await this.#container.stage(name, id, bytes)
          share.give(bytes.length)
        })
        staged += bytes.length
        count++
      }
    })
    const size = staged + rest.length
    if (rest.length > 0 && size > sizeOf(progress)) await this.#rest(key).keep(rest, staged)
    if (failure !== undefined) throw failure.cause
    return size
  }

  async complete({ key }: Unfinished): Promise<{ readonly size: number }> {
    const name = this.#names.whole(key)
    const progress = await this.#progress(key)
    const failure = progress && (await this.#join(key, progress))
    // another request may have done it
    const head = await this.#container.head(name)
    if (head === undefined) throw failure === undefined ? notFound(`No bytes are kept as "${key}"`) : failure.cause
    await this.#rest(key).remove()
    return head
  }

  async abandon({ key }: Unfinished): Promise<void> {
    await dropBlocks(this.#container, this.#names.whole(key))
    await this.#rest(key).remove()
  }

  /** Answers why it cannot. */
  async #join(key: string, progress: Progress): Promise<{ readonly cause: unknown } | undefined> {
    const name = this.#names.whole(key)
    const staged = stagedSize(progress.chain)
    const ids = progress.chain.map(({ id }) => id)
    const id = blockId(staged)
    try {
      const rest = await this.#rest(key).read(progress.rest, staged)
      if (rest.length > 0) await this.#container.stage(name, id, rest)
      await this.#container.commit(name, rest.length > 0 ? [...ids, id] : ids)
      return undefined
    } catch (cause) {
      return { cause }
    }
  }

  /** Undefined when there is no such file in pieces. */
  async #progress(key: string): Promise<Progress | undefined> {
    const name = this.#names.whole(key)
    const chaining = this.#container.blocks(name).then(chainOf)
    const [rest, whole, chain] = await Promise.all([
      this.#rest(key).sizeAfter(async () => stagedSize(await chaining)),
      this.#container.head(name),
      chaining,
    ])
    return rest === undefined || whole !== undefined ? undefined : { chain, rest }
  }

  #rest(key: string): Rest {
    return new Rest(this.#container, this.#names.partial(key))
  }
}

function stagedSize(chain: readonly Block[]): number {
  return chain.reduce((sum, { size }) => sum + size, 0)
}

function sizeOf({ chain, rest }: Progress): number {
  return stagedSize(chain) + rest
}

function tooManyBlocks(size: number) {
  const why = `it has ${formatBytes(size)} in ${mostBlocks} blocks, and Azure takes no more of them`
  return filesError('TAPRI_FILES_STORE', `Cannot append to the file: ${why}`)
}
