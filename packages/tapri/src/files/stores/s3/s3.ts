import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../../../kit/clock.ts'
import type { ByteRange, Direct, Store, Stored } from '../../store.ts'
import { slowest } from '../pace.ts'
import { Names } from '../place.ts'
import { readRemote } from '../remote-reader.ts'
import { sendInParts } from '../send.ts'
import { type Bucket, openBucket, type Upload } from './bucket.ts'
import { S3Direct } from './direct.ts'
import { S3Pieces } from './pieces.ts'
import { receiverOf } from './receiver.ts'
import { readS3Url } from './url.ts'

/** An upload in parts to which nothing was added for so long belongs to a process that is gone, if a part takes less. */
const strayAfter = 24 * 3_600_000
/** As many parts as one file may have. */
const mostParts = 10_000

/**
 * Opens a store in a bucket of S3, or of a server that speaks like it (R2, MinIO, Ceph, Garage). Large files go up in parts of
 * 8 MiB, of which four are in memory at most.
 * @throws TAPRI_FILES_URL, TAPRI_FILES_NO_SDK, TAPRI_FILES_STORE when the bucket cannot be reached
 * @example const store = await openS3('s3:kites?region=eu-central-1&prefix=files')
 */
export async function openS3(text: string, clock: Clock = systemClock): Promise<Store> {
  const url = readS3Url(text)
  const bucket = await openBucket(url)
  const store = new S3Store(bucket, { names: new Names(url.prefix), partSize: url.partSize, clock })
  try {
    await store.prepare()
  } catch (cause) {
    await store.close()
    throw cause
  }
  return store
}

interface S3StoreOptions {
  readonly names: Names
  readonly partSize: number
  readonly clock: Clock
}

class S3Store implements Store {
  readonly pieces: S3Pieces
  readonly direct: Direct
  readonly #bucket: Bucket
  readonly #names: Names
  readonly #partSize: number
  readonly #clock: Clock

  constructor(bucket: Bucket, { names, partSize, clock }: S3StoreOptions) {
    this.#bucket = bucket
    this.#names = names
    this.#partSize = partSize
    this.#clock = clock
    this.pieces = new S3Pieces(bucket, { names, partSize, mostParts })
    this.direct = new S3Direct(bucket, names, clock)
  }

  /** Finds out at the start, not at the first upload, that the bucket is not there. */
  async prepare(): Promise<void> {
    await this.#bucket.list(this.#names.prefix).next()
  }

  put(key: string, source: Readable, options: { readonly signal?: AbortSignal } = {}): Promise<Stored> {
    const receiver = receiverOf(this.#bucket, { name: this.#names.whole(key), partSize: this.#partSize, mostParts })
    return sendInParts(source, receiver, options)
  }

  async get(key: string, range?: ByteRange): Promise<Readable> {
    const name = this.#names.whole(key)
    return readRemote(key, range, (wanted) => this.#bucket.get(name, wanted))
  }

  async stat(key: string): Promise<{ readonly size: number } | undefined> {
    const head = await this.#bucket.head(this.#names.whole(key))
    return head && { size: head.size }
  }

  delete(key: string): Promise<void> {
    return this.#bucket.delete(this.#names.whole(key))
  }

  async *list(): AsyncIterable<string> {
    for await (const name of this.#bucket.list(this.#names.prefix)) {
      const key = this.#names.keyOf(name)
      if (key !== undefined) yield key
    }
  }

  async sweep(): Promise<number> {
    let count = 0
    for await (const upload of this.#bucket.uploads(this.#names.prefix)) {
      if (!(await this.#isStray(upload))) continue
      await this.#bucket.abortUpload(upload)
      count++
    }
    return count
  }

  /** Files in pieces may wait for days: theirs have a marker, and are abandoned by whoever began them. */
  async #isStray(upload: Upload & { readonly at: number }): Promise<boolean> {
    const key = this.#names.keyOf(upload.name)
    // a part is sent when the next is full: until then the slowest sender seems to send nothing
    const limit = this.#clock.now() - Math.max(strayAfter, (2 * this.#partSize) / slowest)
    if (key === undefined || upload.at > limit) return false
    if ((await this.#bucket.head(this.#names.partial(key))) !== undefined) return false
    const parts = (await this.#bucket.parts(upload)) ?? []
    return parts.every(({ at }) => at <= limit)
  }

  async close(): Promise<void> {
    this.#bucket.close()
  }
}
