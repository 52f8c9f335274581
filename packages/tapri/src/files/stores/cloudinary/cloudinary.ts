import { Readable } from 'node:stream'
import { newId } from '../../../kit/ids.ts'
import type { ByteRange, Store, Stored } from '../../store.ts'
import { type Body, readRemote } from '../remote-reader.ts'
import { type Receiver, sendInParts } from '../send.ts'
import { type Cloud, openCloud } from './cloud.ts'
import { CloudNames } from './names.ts'
import { CloudinaryPieces } from './pieces.ts'
import { readCloudinaryUrl } from './url.ts'

/** Bytes of a request; all but the last of a file must have 5 MB. */
const chunkSize = 8 * 1024 ** 2

/**
 * Opens a store in a cloud of Cloudinary. Files are kept there as they came and are fetched by this server alone.
 * @throws TAPRI_FILES_URL, TAPRI_FILES_NO_SDK, TAPRI_FILES_STORE when the cloud cannot be reached
 * @example const store = await openCloudinary('cloudinary://KEY:SECRET@kites?prefix=shop')
 */
export async function openCloudinary(text: string): Promise<Store> {
  const url = readCloudinaryUrl(text)
  const store = new CloudinaryStore(await openCloud(url), new CloudNames(url.prefix))
  await store.prepare()
  return store
}

class CloudinaryStore implements Store {
  readonly pieces: CloudinaryPieces
  readonly #cloud: Cloud
  readonly #names: CloudNames

  constructor(cloud: Cloud, names: CloudNames) {
    this.#cloud = cloud
    this.#names = names
    this.pieces = new CloudinaryPieces(cloud, {
      names,
      put: (key, source) => sendInParts(source, receiverOf(cloud, names, { key, discards: false })),
      stat: (key) => this.stat(key),
    })
  }

  /** Finds out at the start, not at the first upload, that the cloud is not there. */
  async prepare(): Promise<void> {
    await this.#cloud.list(this.#names.prefix).next()
  }

  put(key: string, source: Readable, options: { readonly signal?: AbortSignal } = {}): Promise<Stored> {
    const receiver = receiverOf(this.#cloud, this.#names, { key, discards: true })
    return sendInParts(source, receiver, options)
  }

  async get(key: string, range?: ByteRange): Promise<Readable> {
    const name = this.#names.whole(key)
    return readRemote(key, range, async (wanted) => (await this.#cloud.get(name, wanted)) ?? this.#emptyBody(key))
  }

  async #emptyBody(key: string): Promise<Body | undefined> {
    const empty = await this.#cloud.head(this.#names.empty(key))
    return empty && { body: Readable.from([]), size: 0 }
  }

  async stat(key: string): Promise<{ readonly size: number } | undefined> {
    const [whole, empty] = await Promise.all([this.#cloud.head(this.#names.whole(key)), this.#cloud.head(this.#names.empty(key))])
    return whole === undefined ? empty && { size: 0 } : { size: whole.size }
  }

  async delete(key: string): Promise<void> {
    await Promise.all([this.#cloud.delete(this.#names.whole(key)), this.#cloud.delete(this.#names.empty(key))])
  }

  async *list(): AsyncIterable<string> {
    for await (const { name } of this.#cloud.list(this.#names.prefix)) {
      const key = this.#names.keyOf(name)
      if (key !== undefined) yield key
    }
  }

  /** Cloudinary itself forgets the chunks of a file whose last one does not come. */
  async sweep(): Promise<number> {
    return 0
  }

  async close(): Promise<void> {}
}

function receiverOf(cloud: Cloud, names: CloudNames, { key, discards }: { key: string; discards: boolean }): Receiver {
  const name = names.whole(key)
  const upload = newId()
  return {
    partSize: chunkSize,
    mostParts: Number.POSITIVE_INFINITY,
    // they are joined as they come
    parallel: 1,
    whole: (bytes, signal) =>
      bytes.length === 0 ? cloud.put(names.empty(key), Buffer.from('-'), { signal }) : cloud.put(name, bytes, { signal }),
    begin: async () => ({
      async send({ offset, bytes, isLast }, signal) {
        const total = isLast ? offset + bytes.length : undefined
        await cloud.put(name, bytes, { chunk: { upload, start: offset, total }, signal })
      },
      // the last chunk has made it a file
      finish: async () => {},
    }),
    async discard() {
      if (discards) await Promise.all([cloud.delete(name), cloud.delete(names.empty(key))])
    },
  }
}
