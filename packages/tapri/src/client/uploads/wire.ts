import { foreign, refuse } from '../answer.ts'
import type { Settings } from '../options.ts'
import type { OutgoingBody, OutgoingRequest } from '../request.ts'
import { send } from '../send.ts'
import type { CallOptions } from '../types.ts'

/** What a file is uploaded for. */
export interface UploadPlace {
  /** Like `videos.create`. */
  readonly route: string
  readonly field: string
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>
  readonly body?: OutgoingBody
  readonly options: Pick<CallOptions, 'signal' | 'onProgress'>
}

type Read<T> = (request: OutgoingRequest, answer: Response) => Promise<T>

/** Speaks of uploads with the server: tus 1.0 with creation, checksum and termination (https://tus.io/protocols/resumable-upload). */
export class UploadWire {
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Begins an upload; answers its id. */
  create(file: Blob, { route, field }: UploadPlace, signal: AbortSignal): Promise<string> {
    const metadata = { route, field, filename: file instanceof File ? file.name : field, filetype: file.type }
    const headers = { 'upload-length': String(file.size), 'upload-metadata': writeMetadata(metadata) }
    return this.#send('POST', '', { headers, options: { signal } }, async (request, answer) => {
      await refuse(request, answer)
      // the last word alone: a proxy may have given the rest another scheme or host
      const id = answer.headers.get('location')?.split(/[?#]/, 1)[0]?.split('/').at(-1)
      if (id) return decodeURIComponent(id)
      throw foreign(request, answer)
    })
  }

  /** How many bytes have arrived of an upload that is to have so many; undefined when there is no such upload. */
  offset(id: string, size: number, signal: AbortSignal): Promise<number | undefined> {
    return this.#send('HEAD', id, { headers: {}, options: { signal } }, async (request, answer) => {
      const { ok, status, headers } = answer
      if (!ok && status !== 401 && status !== 403 && status !== 404 && status !== 410) throw foreign(request, answer)
      return ok && Number(headers.get('upload-length') ?? -1) === size ? readOffset(answer, { from: 0, to: size }) : undefined
    })
  }

  /** Sends bytes that come after so many; answers how many have arrived then. */
  async append(id: string, from: number, bytes: ArrayBuffer, options: Sent['options']): Promise<number> {
    const body = new Blob([bytes])
    const headers = {
      'content-type': 'application/offset+octet-stream',
      'upload-offset': String(from),
      ...(await checksumOf(bytes)),
    }
    return this.#send('PATCH', id, { headers, body, options }, async (request, answer) => {
      await refuse(request, answer)
      const offset = readOffset(answer, { from: from + 1, to: from + body.size })
      if (offset !== undefined) return offset
      throw foreign(request, answer)
    })
  }

  /** Removes an upload and what of it has arrived. */
  remove(id: string): Promise<void> {
    return this.#send('DELETE', id, { headers: {}, options: {} }, refuse)
  }

  #send<T>(method: string, id: string, { headers, body, options }: Sent, read: Read<T>): Promise<T> {
    const url = `${this.#settings.base}/uploads${id === '' ? '' : `/${encodeURIComponent(id)}`}`
    const request = { method, url, headers: { ...headers, 'tus-resumable': '1.0.0' }, body }
    // who uploads waits and looks where it stands before anything is sent again
    return send(this.#settings, request, read, { ...options, retries: 0 })
  }
}

function readOffset({ headers }: Response, { from, to }: { readonly from: number; readonly to: number }): number | undefined {
  const text = headers.get('upload-offset') ?? ''
  const offset = /^\d{1,16}$/.test(text) ? Number(text) : -1
  return offset >= from && offset <= to ? offset : undefined
}

function writeMetadata(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${base64(new TextEncoder().encode(value))}`.trimEnd())
    .join(',')
}

/** Nothing where there is nothing to make it with: in pages that came by plain http. */
async function checksumOf(bytes: ArrayBuffer): Promise<Readonly<Record<string, string>>> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (subtle === undefined) return {}
  return { 'upload-checksum': `sha256 ${base64(new Uint8Array(await subtle.digest('SHA-256', bytes)))}` }
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
