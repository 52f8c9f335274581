import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { notFound } from '../../../kit/errors.ts'
import type { Pieces, Unfinished } from '../../store.ts'
import { appendAt } from '../append.ts'
import { type Budget, partMemory } from '../budget.ts'
import { InFlight } from '../in-flight.ts'
import { inParts } from '../parts.ts'
import { tooManyPieces } from '../pieces-error.ts'
import type { Names } from '../place.ts'
import { readRemote } from '../remote-reader.ts'
import type { Bucket, Upload, UploadedPart } from './bucket.ts'

interface S3PiecesOptions {
  readonly names: Names
  readonly partSize: number
  readonly mostParts: number
  readonly memory?: Budget
}

/** What the memo of a file tells: the settings may have changed since it was begun. */
interface Begun {
  readonly upload: Upload
  readonly partSize: number
}

/** What has come of a file. */
interface Progress extends Begun {
  readonly parts: number
  /** Bytes that are too few for a part. */
  readonly rest: number
}

/**
 * A file in pieces is a multipart upload of whole parts. What is left over lies in an object beside, which says in its metadata
 * which part it begins, and which is there, empty or not, for as long as the file is in pieces.
 */
export class S3Pieces implements Pieces {
  readonly #bucket: Bucket
  readonly #names: Names
  readonly #partSize: number
  readonly #mostParts: number
  readonly #memory: Budget

  constructor(bucket: Bucket, { names, partSize, mostParts, memory = partMemory }: S3PiecesOptions) {
    this.#bucket = bucket
    this.#names = names
    this.#partSize = partSize
    this.#mostParts = mostParts
    this.#memory = memory
  }

  async begin(key: string): Promise<string> {
    await this.#keepRest(key, Buffer.alloc(0), 1)
    const { id } = await this.#bucket.createUpload(this.#names.whole(key))
    return `${this.#partSize}:${id}`
  }

  async offset(file: Unfinished): Promise<number | undefined> {
    const progress = await this.#progress(file)
    if (progress !== undefined) return sizeOf(progress)
    return (await this.#bucket.head(this.#names.whole(file.key)))?.size
  }

  async append(
    file: Unfinished,
    offset: number,
    source: Readable,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    const { key } = file
    const append = (progress: Progress) => this.#appendTo(key, progress, source)
    return appendAt({ key, offset, source, signal }, { find: () => this.#progress(file), sizeOf, append })
  }

  async #appendTo(key: string, progress: Progress, source: Readable): Promise<number> {
    const { upload, partSize } = progress
    using share = this.#memory.share(2 * partSize, source)
    await share.take(progress.rest, source)
    const flights = new InFlight(2, (cause) => source.destroy(cause instanceof Error ? cause : undefined))
    let number = progress.parts + 1
    let rest = await this.#restOf(key, progress)
    const failure = await flights.during(async () => {
      for await (const piece of inParts(source, { size: partSize, first: partSize - rest.length, share })) {
        rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
        // the last one, or the last before the source failed: what comes next tells
        if (rest.length < partSize) continue
        if (number > this.#mostParts) throw tooManyPieces(this.#mostParts * partSize)
        const part = { number, bytes: rest }
        await flights.add(async () => {
          await this.#bucket.sendPart(upload, part)
          share.give(part.bytes.length)
        })
        number++
        rest = Buffer.alloc(0)
      }
    })
    const size = (number - 1) * partSize + rest.length
    if (rest.length > 0 && size > sizeOf(progress)) await this.#keepRest(key, rest, number)
    if (failure !== undefined) throw failure.cause
    return size
  }

  async complete(file: Unfinished): Promise<{ readonly size: number }> {
    const progress = await this.#progress(file)
    const parts = progress && (await this.#bucket.parts(progress.upload))
    if (progress === undefined || parts === undefined) return this.#completed(file.key)
    const rest = await this.#restOf(file.key, progress)
    if (!(await this.#join(progress, parts.slice(0, progress.parts), rest))) return this.#completed(file.key)
    await this.#bucket.delete(this.#names.partial(file.key))
    return { size: sizeOf(progress) }
  }

  /** False when somebody else did: then a part is refused, or the end. */
  async #join({ upload }: Progress, parts: readonly UploadedPart[], rest: Buffer): Promise<boolean> {
    const number = parts.length + 1
    if (number === 1) {
      await this.#bucket.put(upload.name, rest)
      await this.#bucket.abortUpload(upload)
      return true
    }
    try {
      const last = rest.length === 0 ? [] : [{ number, etag: await this.#bucket.sendPart(upload, { number, bytes: rest }) }]
      return await this.#bucket.completeUpload(upload, [...parts, ...last])
    } catch (cause) {
      if ((await this.#bucket.head(upload.name)) === undefined) throw cause
      return false
    }
  }

  /** Of what another request has completed. */
  async #completed(key: string): Promise<{ readonly size: number }> {
    const head = await this.#bucket.head(this.#names.whole(key))
    if (head === undefined) throw notFound(`No bytes are kept as "${key}"`)
    await this.#bucket.delete(this.#names.partial(key))
    return { size: head.size }
  }

  async abandon({ key }: Unfinished): Promise<void> {
    const name = this.#names.whole(key)
    // by name: a crash may have kept the id of the upload from whoever began it
    for await (const upload of this.#bucket.uploads(name)) if (upload.name === name) await this.#bucket.abortUpload(upload)
    await this.#bucket.delete(this.#names.partial(key))
  }

  /** Undefined when there is no such file in pieces. */
  async #progress({ key, memo }: Unfinished): Promise<Progress | undefined> {
    const head = await this.#bucket.head(this.#names.partial(key))
    const begun = this.#readMemo(key, memo)
    if (head === undefined || begun === undefined) return undefined
    const first = Number(head.metadata.part ?? '1')
    const later = await this.#bucket.parts(begun.upload, first - 1)
    if (later === undefined) return undefined
    let whole = 0
    // what came after a part that did not come does not count
    while (later[whole]?.number === first + whole && later[whole]?.size === begun.partSize) whole++
    return { ...begun, parts: first - 1 + whole, rest: whole === 0 ? head.size : 0 }
  }

  async #restOf(key: string, { rest }: Progress): Promise<Buffer> {
    if (rest === 0) return Buffer.alloc(0)
    const name = this.#names.partial(key)
    return buffer(await readRemote(key, { start: 0, end: rest - 1 }, (range) => this.#bucket.get(name, range)))
  }

  async #keepRest(key: string, bytes: Buffer, number: number): Promise<void> {
    await this.#bucket.put(this.#names.partial(key), bytes, { metadata: { part: String(number) } })
  }

  #readMemo(key: string, memo: string): Begun | undefined {
    const [, size, id] = /^(\d+):(.+)$/.exec(memo) ?? []
    if (size === undefined || id === undefined) return undefined
    return { upload: { name: this.#names.whole(key), id }, partSize: Number(size) }
  }
}

function sizeOf({ parts, partSize, rest }: Progress): number {
  return parts * partSize + rest
}
