import { availableParallelism } from 'node:os'
import { Readable } from 'node:stream'
import { type Answer, sendRanges } from '../../http/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import { newId } from '../../kit/ids.ts'
import type { MediaFacts, VariantFacts } from '../../schema/index.ts'
import { type AccessTools, attachedFile, type DownloadContext, missing, type Wanted } from '../access.ts'
import { filesError } from '../errors.ts'
import { withLocalFile } from '../local-file.ts'
import { missingPart, type PartRequest, partHeaders, sendRendition } from '../parts.ts'
import type { Rendition, Renditions } from '../renditions.ts'
import { type SentTools, sandboxed } from '../sent.ts'
import { type Format, formatFor } from './formats.ts'
import { Pool } from './pool.ts'
import { hasSharp, isPassing, noSharp, resized } from './sharp.ts'
import { adHoc, askedSize, renditionName, sizeClaim } from './sizes.ts'

type ImageFacts = Extract<MediaFacts, { kind: 'image' }>

interface PictureTools extends AccessTools, SentTools {
  readonly renditions: Renditions
  readonly clock: Clock
  /** Answers the file itself. */
  readonly original: (wanted: Wanted, context: DownloadContext) => Promise<Answer>
}

interface Made {
  readonly type: string
  readonly bytes: Buffer
  /** With its quotes. */
  readonly etag: string
}

/** What a picture in another size is made of. */
interface Making {
  readonly request: PartRequest<ImageFacts>
  readonly size: VariantFacts
  readonly format: Format
  readonly name: string
}

/** How many pictures may wait to be made. */
const waiting = 200

/** Pictures in the sizes that are asked for: each is made when first asked for, once, and kept. */
export class Pictures {
  readonly #tools: PictureTools
  readonly #pool = new Pool({ atOnce: picturesAtOnce(), waiting })
  /** What is being made in this process, by file and name. */
  readonly #making = new Map<string, Promise<Made>>()

  constructor(tools: PictureTools) {
    this.#tools = tools
  }

  /** Answers a picture in a size that its field declares, or that the caller has a signed URL for; as it came where sizes cannot be
   * made.
   * @throws TAPRI_NOT_FOUND, TAPRI_FILES_SIGNATURE, TAPRI_FILES_PICTURE, TAPRI_FILES_BUSY, TAPRI_FILES_NO_SHARP */
  async part(request: PartRequest<ImageFacts>): Promise<Answer> {
    const { file, context } = request
    const size = this.#sizeOf(request)
    if (!hasSharp()) return this.#original(request)
    const format = formatFor(size.format, context.request.headers.accept)
    const name = renditionName(size, format)
    const kept = await this.#tools.renditions.find(file, name)
    const headers = {
      ...sandboxed,
      ...partHeaders(request, size.format === undefined || size.format === 'auto' ? ['Accept'] : []),
    }
    if (kept !== undefined) return sendRendition(kept, { ...request, headers }, this.#tools)
    const { bytes, type, etag } = await this.#madeOnce({ request, size, format, name })
    const open = (start: number, end: number) => Readable.from([bytes.subarray(start, end + 1)])
    return sendRanges({ size: bytes.length, type, etag, headers, bytes: () => bytes, open })
  }

  /** The picture as it came has all that a camera noted in it: whoever was given one size of it alone does not get that. */
  #original({ wanted, context, by }: PartRequest<ImageFacts>): Promise<Answer> {
    if (by === 'row') return this.#tools.original(wanted, context)
    throw noSharp()
  }

  /** Refuses what waits to be made, and waits for what is being made: it still writes into database and store. */
  async close(): Promise<void> {
    this.#pool.close()
    await Promise.allSettled(this.#making.values())
  }

  #sizeOf({ wanted, file, facts }: PartRequest<ImageFacts>): VariantFacts {
    const { part, token } = wanted
    if (Object.hasOwn(facts.variants, part)) return facts.variants[part] ?? {}
    if (part !== adHoc) throw missingPart(wanted)
    const size = askedSize(wanted)
    if (this.#tools.signing.verify(sizeClaim(file, size), token ?? '')) return size
    throw filesError('TAPRI_FILES_SIGNATURE', 'Cannot make the picture in this size: its URL must come from variantUrl()')
  }

  #madeOnce(making: Making): Promise<Made> {
    const key = `${making.request.file}/${making.name}`
    const earlier = this.#making.get(key)
    if (earlier !== undefined) return earlier
    const made = this.#make(making).finally(() => this.#making.delete(key))
    this.#making.set(key, made)
    return made
  }

  async #make(making: Making): Promise<Made> {
    const { request, name } = making
    const { renditions, clock } = this.#tools
    const mark = await renditions.find(request.file, failedName(name))
    if (mark !== undefined) {
      if (clock.now() - mark.at.getTime() < failedFor) throw cannotDecode(request)
      await renditions.remove(request.file, mark.name)
    }
    const { bytes, type } = await this.#draw(making)
    const kept = await this.#keep(request.file, { name, type }, bytes)
    return { bytes, type, etag: `"${kept?.key ?? newId()}"` }
  }

  async #draw({ request, size, format, name }: Making): Promise<Pick<Made, 'bytes' | 'type'>> {
    const { wanted, file, facts } = request
    const { store, database, log } = this.#tools
    const { key } = await attachedFile(file, wanted, database)
    const { width, height, fit = 'cover', quality } = size
    const wished = { width, height, fit, format, quality, maxPixels: facts.maxPixels }
    try {
      return await this.#pool.run(() => withLocalFile(store, { key }, (path) => resized(path, wished)))
    } catch (error) {
      if (error instanceof TapriError && error.code !== 'TAPRI_NOT_FOUND') throw error
      if ((await store.stat(key)) === undefined) {
        log.event('files.bytes.missing', { file }, 'error')
        throw missing(wanted)
      }
      log.event('files.picture.failed', { file, name, error }, 'warn')
      if (isPassing(error)) throw notNow(request, error)
      // its bytes will never be others, so this size of it need not be tried at each look
      await this.#keep(file, { name: failedName(name), type: 'text/plain' }, Buffer.from('It cannot be made'))
      throw cannotDecode(request, error)
    }
  }

  /** Whoever waits for it is answered, whether there was room to keep it or not. */
  async #keep(file: string, what: Pick<Rendition, 'name' | 'type'>, bytes: Buffer): Promise<Rendition | undefined> {
    try {
      return await this.#tools.renditions.add(file, what, Readable.from([bytes]))
    } catch (error) {
      this.#tools.log.event('files.picture.not-kept', { file, name: what.name, error }, 'warn')
      return undefined
    }
  }
}

/** Work on pictures runs on the threads that read files too: some are left to these. */
function picturesAtOnce(): number {
  return Math.max(1, Math.min(availableParallelism(), Number(process.env.UV_THREADPOOL_SIZE ?? 4) - 2))
}

/** Milliseconds for which a size that could not be made is not tried again: another release of what decodes may do it. */
const failedFor = 86_400_000

/** Kept in place of a size that could not be made. */
function failedName(name: string): string {
  return `${name}.failed`
}

function notNow({ wanted }: PartRequest, cause: unknown) {
  return filesError(
    'TAPRI_FILES_BUSY',
    `Cannot make "${wanted.part}" of the picture in ${wanted.field} now: it took too long, or this server lacks room; try again later`,
    { cause, facts: { retryAfter: 10 } },
  )
}

function cannotDecode({ wanted }: PartRequest, cause?: unknown) {
  return filesError(
    'TAPRI_FILES_PICTURE',
    `Cannot make "${wanted.part}" of the picture in ${wanted.field}: its content cannot be decoded, upload it anew`,
    { cause },
  )
}
