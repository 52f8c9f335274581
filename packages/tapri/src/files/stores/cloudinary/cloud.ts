import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
// types alone: the package is imported when a cloud is opened, and only then has to be there
import type { v2 } from 'cloudinary'
import type { ByteRange } from '../../store.ts'
import { withoutPackage } from '../remote-error.ts'
import type { Body } from '../remote-reader.ts'
import { type Asking, ask, fieldOf, find } from './ask.ts'
import type { CloudinaryUrl } from './url.ts'

export interface Asset {
  readonly name: string
  readonly size: number
}

/** A part of a file that is longer than one request. */
export interface Chunk {
  /** Tells the file's chunks from those of others. */
  readonly upload: string
  readonly start: number
  /** Of the whole file; undefined until the last chunk. */
  readonly total: number | undefined
}

/** @throws TAPRI_FILES_NO_SDK */
export async function openCloud(url: CloudinaryUrl): Promise<Cloud> {
  try {
    return new Cloud(url, (await import('cloudinary')).v2)
  } catch (cause) {
    throw withoutPackage(['cloudinary'], cause)
  }
}

/**
 * The few things that are asked of a cloud. Files are `raw` and `authenticated`: bytes as they came, which nobody gets without
 * a signature. The package signs; its own requests can be neither ended nor tried again.
 * Everything throws TAPRI_FILES_STORE; what is not there is undefined.
 */
export class Cloud {
  readonly #url: CloudinaryUrl
  readonly #sdk: typeof v2

  constructor(url: CloudinaryUrl, sdk: typeof v2) {
    this.#url = url
    this.#sdk = sdk
  }

  /** @throws TAPRI_FILES_STORE also for no bytes at all, which Cloudinary does not take */
  async put(name: string, bytes: Buffer, { chunk, signal }: { chunk?: Chunk; signal?: AbortSignal } = {}): Promise<void> {
    const end = (chunk?.start ?? 0) + bytes.length - 1
    const headers = chunk && {
      'X-Unique-Upload-Id': chunk.upload,
      'Content-Range': `bytes ${chunk.start}-${end}/${chunk.total ?? -1}`,
    }
    const make: Asking = () => {
      const body = this.#signed({ public_id: name, type: 'authenticated', overwrite: 'true' })
      body.set('file', new Blob([new Uint8Array(bytes)]), 'file')
      return [`${this.#api}/raw/upload`, { method: 'POST', body, headers }]
    }
    const answer = await ask(this.#url.shown, make, { signal })
    // read to its end, so that its connection can be used again
    await answer.text()
  }

  async get(name: string, range?: ByteRange): Promise<Body | undefined> {
    const headers = range && { Range: `bytes=${range.start}-${range.end}` }
    const answer = await find(this.#url.shown, () => [this.#deliveryUrl(name), { headers }], { isStream: true })
    if (answer === undefined) return undefined
    const size = Number(answer.headers.get('content-length') ?? 0)
    return { body: answer.body === null ? Readable.from([]) : Readable.fromWeb(nodeStream(answer.body)), size }
  }

  async head(name: string): Promise<Asset | undefined> {
    const make: Asking = () => [`${this.#resources}/${name}`, { headers: this.#authorization }]
    const answer = await find(this.#url.shown, make)
    return answer && assetIn(await answer.json())
  }

  async delete(name: string): Promise<void> {
    const make: Asking = () => {
      const body = this.#signed({ public_id: name, type: 'authenticated', invalidate: 'true' })
      return [`${this.#api}/raw/destroy`, { method: 'POST', body }]
    }
    const answer = await ask(this.#url.shown, make)
    await answer.text()
  }

  async *list(prefix: string): AsyncGenerator<Asset, void> {
    let cursor: string | undefined
    do {
      const query = new URLSearchParams({ prefix, max_results: '500', ...(cursor !== undefined && { next_cursor: cursor }) })
      const make: Asking = () => [`${this.#resources}?${query}`, { headers: this.#authorization }]
      const page: unknown = await (await ask(this.#url.shown, make)).json()
      const list = fieldOf(page, 'resources')
      if (Array.isArray(list)) for (const found of list) yield assetIn(found)
      const next = fieldOf(page, 'next_cursor')
      cursor = typeof next === 'string' ? next : undefined
    } while (cursor !== undefined)
  }

  /** Deletes all whose names begin so. */
  async deleteAll(prefix: string): Promise<void> {
    const query = new URLSearchParams({ prefix, invalidate: 'true' })
    const make: Asking = () => [`${this.#resources}?${query}`, { method: 'DELETE', headers: this.#authorization }]
    for (let isPartial = true; isPartial; ) {
      isPartial = fieldOf(await (await ask(this.#url.shown, make)).json(), 'partial') === true
    }
  }

  get #api(): string {
    return `${this.#url.api}/v1_1/${this.#url.cloud}`
  }

  get #resources(): string {
    return `${this.#api}/resources/raw/authenticated`
  }

  get #authorization(): Readonly<Record<string, string>> {
    const { key, secret } = this.#url
    return { Authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}` }
  }

  #signed(fields: Readonly<Record<string, string>>): FormData {
    const form = new FormData()
    const signed = { ...fields, timestamp: String(Math.floor(Date.now() / 1000)) }
    for (const [name, value] of Object.entries(signed)) form.set(name, value)
    form.set('signature', this.#sdk.utils.api_sign_request(signed, this.#url.secret))
    form.set('api_key', this.#url.key)
    return form
  }

  #deliveryUrl(name: string): string {
    const url = this.#sdk.url(name, {
      cloud_name: this.#url.cloud,
      api_secret: this.#url.secret,
      resource_type: 'raw',
      type: 'authenticated',
      secure: true,
      sign_url: true,
      urlAnalytics: false,
    })
    return this.#url.delivery + new URL(url).pathname
  }
}

// Node's own types of web streams and those of the platform name the same objects.
function nodeStream(body: unknown): ReadableStream {
  return body as ReadableStream
}

function assetIn(found: unknown): Asset {
  const [name, size] = [fieldOf(found, 'public_id'), fieldOf(found, 'bytes')]
  if (typeof name !== 'string' || typeof size !== 'number') throw new TypeError('Cloudinary told of a file without name or size')
  return { name, size }
}
