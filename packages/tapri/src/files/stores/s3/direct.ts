import type { Clock } from '../../../kit/clock.ts'
import type { Direct, DirectUpload, DirectUploadOptions, DownloadUrlOptions } from '../../store.ts'
import { checkDirectSize } from '../pieces-error.ts'
import type { Names } from '../place.ts'
import type { Bucket, Signing } from './bucket.ts'

/** Seconds: no URL of S3 is good for longer. */
const longest = 604_800

/** URLs of S3 for browsers. */
export class S3Direct implements Direct {
  readonly #bucket: Bucket
  readonly #names: Names
  readonly #clock: Clock

  constructor(bucket: Bucket, names: Names, clock: Clock) {
    this.#bucket = bucket
    this.#names = names
    this.#clock = clock
  }

  async downloadUrl(key: string, { expires, type, disposition }: DownloadUrlOptions): Promise<string> {
    return this.#bucket.downloadUrl(this.#names.whole(key), { type, disposition }, this.#signing(expires))
  }

  async uploadUrl(key: string, { expires, size, type }: DirectUploadOptions): Promise<DirectUpload> {
    checkDirectSize(size)
    const url = await this.#bucket.uploadUrl(this.#names.whole(key), { size, type }, this.#signing(expires))
    // signed with the URL: what is there once is not written over
    return { method: 'PUT', url, headers: { 'Content-Type': type, 'If-None-Match': '*' } }
  }

  #signing(expires: number): Signing {
    return { at: new Date(this.#clock.now()), expires: Math.min(expires, longest) }
  }
}
