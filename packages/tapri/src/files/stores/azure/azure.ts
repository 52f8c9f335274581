import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../../../kit/clock.ts'
import { notFound } from '../../../kit/errors.ts'
import type { ByteRange, Direct, DirectUpload, DirectUploadOptions, DownloadUrlOptions, Store, Stored } from '../../store.ts'
import { checkDirectSize } from '../pieces-error.ts'
import { Names } from '../place.ts'
import { readRemote } from '../remote-reader.ts'
import { type Receiver, sendInParts } from '../send.ts'
import { blockId, blockSize, dropBlocks, mostBlocks } from './blocks.ts'
import { type Container, openContainer } from './container.ts'
import { AzurePieces } from './pieces.ts'
import { readAzureUrl } from './url.ts'

/**
 * Opens a store in a container of Azure Blob Storage. Large files go up in blocks of 8 MiB, of which four are in memory at most.
 * @throws TAPRI_FILES_URL, TAPRI_FILES_NO_SDK, TAPRI_FILES_STORE when the container cannot be reached
 * @example const store = await openAzure('azure://shop:a2V5@shop.blob.core.windows.net/kites')
 */
export async function openAzure(text: string, clock: Clock = systemClock): Promise<Store> {
  const url = readAzureUrl(text)
  const store = new AzureStore(await openContainer(url), new Names(url.prefix), clock)
  await store.prepare()
  return store
}

class AzureStore implements Store {
  readonly pieces: AzurePieces
  readonly direct: Direct
  readonly #container: Container
  readonly #names: Names

  constructor(container: Container, names: Names, clock: Clock) {
    this.#container = container
    this.#names = names
    this.pieces = new AzurePieces(container, names)
    this.direct = new AzureDirect(container, names, clock)
  }

  /** Finds out at the start, not at the first upload, that the container is not there. */
  async prepare(): Promise<void> {
    await this.#container.list(this.#names.prefix).next()
  }

  put(key: string, source: Readable, options: { readonly signal?: AbortSignal } = {}): Promise<Stored> {
    const receiver = receiverOf(this.#container, this.#names.whole(key))
    return sendInParts(source, receiver, options)
  }

  async get(key: string, range?: ByteRange): Promise<Readable> {
    const name = this.#names.whole(key)
    return readRemote(key, range, (wanted) => this.#container.get(name, wanted))
  }

  stat(key: string): Promise<{ readonly size: number } | undefined> {
    return this.#container.head(this.#names.whole(key))
  }

  delete(key: string): Promise<void> {
    return this.#container.delete(this.#names.whole(key))
  }

  async *list(): AsyncIterable<string> {
    for await (const name of this.#container.list(this.#names.prefix)) {
      const key = this.#names.keyOf(name)
      if (key !== undefined) yield key
    }
  }

  /** Azure removes blocks that were not committed after a week without another, and does not tell of them when they came. */
  async sweep(): Promise<number> {
    return 0
  }

  async close(): Promise<void> {}
}

function receiverOf(container: Container, name: string): Receiver {
  const ids: { readonly offset: number; readonly id: string }[] = []
  return {
    partSize: blockSize,
    mostParts: mostBlocks,
    parallel: 2,
    whole: (bytes, signal) => container.put(name, bytes, signal),
    begin: async () => ({
      async send({ offset, bytes }, signal) {
        const id = blockId(offset)
        ids.push({ offset, id })
        await container.stage(name, id, bytes, signal)
      },
      async finish() {
        ids.sort((one, other) => one.offset - other.offset)
        const list = ids.map(({ id }) => id)
        // a first answer that was lost makes a second request come too late
        if (!(await container.commit(name, list)) && (await container.head(name)) === undefined) {
          throw notFound('The upload was ended from elsewhere')
        }
      },
    }),
    async discard() {
      await dropBlocks(container, name)
      // the answer to the last request may have been lost
      await container.delete(name)
    },
  }
}

class AzureDirect implements Direct {
  readonly #container: Container
  readonly #names: Names
  readonly #clock: Clock

  constructor(container: Container, names: Names, clock: Clock) {
    this.#container = container
    this.#names = names
    this.#clock = clock
  }

  async downloadUrl(key: string, { expires, type, disposition }: DownloadUrlOptions): Promise<string> {
    return this.#container.downloadUrl(this.#names.whole(key), { expires: this.#after(expires), type, disposition })
  }

  async uploadUrl(key: string, { expires, size, type }: DirectUploadOptions): Promise<DirectUpload> {
    checkDirectSize(size)
    const url = await this.#container.uploadUrl(this.#names.whole(key), this.#after(expires))
    return { method: 'PUT', url, headers: { 'Content-Type': type, 'x-ms-blob-type': 'BlockBlob' } }
  }

  #after(seconds: number): Date {
    return new Date(this.#clock.now() + seconds * 1000)
  }
}
