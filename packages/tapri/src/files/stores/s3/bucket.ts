import { Readable } from 'node:stream'
// types alone: the packages are imported when a bucket is opened, and only then have to be there
import type * as S3 from '@aws-sdk/client-s3'
import type { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { ByteRange } from '../../store.ts'
import { withoutPackage } from '../remote-error.ts'
import type { Body } from '../remote-reader.ts'
import { SdkRequests } from '../sdk-requests.ts'
import { configOf } from './config.ts'
import { statusOf } from './status.ts'
import type { S3Url } from './url.ts'

export interface Head {
  readonly size: number
  readonly metadata: Readonly<Record<string, string>>
}

/** A multipart upload that is neither completed nor aborted. */
export interface Upload {
  readonly name: string
  readonly id: string
}

export interface UploadedPart {
  readonly number: number
  readonly size: number
  readonly etag: string
  readonly at: number
}

interface PutOptions {
  readonly signal?: AbortSignal
  readonly metadata?: Readonly<Record<string, string>>
}

interface UploadDescription {
  readonly size: number
  readonly type: string
}

interface DownloadDescription {
  readonly type: string
  readonly disposition: string
}

/** When a URL is signed, and for how many seconds it is good. */
export interface Signing {
  readonly at: Date
  readonly expires: number
}

/** @throws TAPRI_FILES_NO_SDK */
export async function openBucket(url: S3Url): Promise<Bucket> {
  try {
    const sdk = await import('@aws-sdk/client-s3')
    const presigner = await import('@aws-sdk/s3-request-presigner')
    return new Bucket(url, sdk, presigner.getSignedUrl)
  } catch (cause) {
    throw withoutPackage(['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'], cause)
  }
}

/** The few things that are asked of a bucket. Everything throws TAPRI_FILES_STORE; what is not there is undefined. */
export class Bucket {
  readonly #sdk: typeof S3
  readonly #sign: typeof getSignedUrl
  readonly #client: S3.S3Client
  /** Speaks of the address that browsers know. */
  readonly #publicClient: S3.S3Client
  readonly #requests: SdkRequests
  readonly #bucket: { readonly Bucket: string }

  constructor(url: S3Url, sdk: typeof S3, sign: typeof getSignedUrl) {
    this.#sdk = sdk
    this.#sign = sign
    this.#client = new sdk.S3Client(configOf(url, url.endpoint))
    this.#publicClient = url.publicEndpoint === undefined ? this.#client : new sdk.S3Client(configOf(url, url.publicEndpoint))
    this.#requests = new SdkRequests({ shown: url.shown, noPlace: 'NoSuchBucket', statusOf })
    this.#bucket = { Bucket: url.bucket }
  }

  async put(name: string, bytes: Uint8Array, { signal, metadata }: PutOptions = {}): Promise<void> {
    const input = { ...this.#bucket, Key: name, Body: bytes, ...(metadata && { Metadata: { ...metadata } }) }
    await this.#requests.do(() => this.#client.send(new this.#sdk.PutObjectCommand(input), { abortSignal: signal }))
  }

  async get(name: string, range?: ByteRange): Promise<Body | undefined> {
    const input = { ...this.#bucket, Key: name, ...(range && { Range: `bytes=${range.start}-${range.end}` }) }
    const found = await this.#requests.find(() => this.#client.send(new this.#sdk.GetObjectCommand(input)))
    if (found === undefined) return undefined
    if (!(found.Body instanceof Readable)) throw new TypeError('The SDK of S3 gave a body that is no stream of Node')
    return { body: found.Body, size: found.ContentLength ?? 0 }
  }

  async head(name: string): Promise<Head | undefined> {
    const input = { ...this.#bucket, Key: name }
    const found = await this.#requests.find(() => this.#client.send(new this.#sdk.HeadObjectCommand(input)))
    return found && { size: found.ContentLength ?? 0, metadata: found.Metadata ?? {} }
  }

  async delete(name: string): Promise<void> {
    const input = { ...this.#bucket, Key: name }
    await this.#requests.find(() => this.#client.send(new this.#sdk.DeleteObjectCommand(input)))
  }

  /** The names that begin so, without those that have a slash after it. */
  async *list(prefix: string): AsyncGenerator<string, void> {
    let token: string | undefined
    do {
      const input = { ...this.#bucket, Prefix: prefix, Delimiter: '/', ContinuationToken: token }
      const page = await this.#requests.do(() => this.#client.send(new this.#sdk.ListObjectsV2Command(input)))
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async *uploads(prefix: string): AsyncGenerator<Upload & { readonly at: number }, void> {
    let next: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {}
    while (next !== undefined) {
      const input: S3.ListMultipartUploadsCommandInput = { ...this.#bucket, Prefix: prefix, ...next }
      const page = await this.#requests.do(() => this.#client.send(new this.#sdk.ListMultipartUploadsCommand(input)))
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Key !== undefined && UploadId !== undefined) yield { name: Key, id: UploadId, at: Initiated?.getTime() ?? 0 }
      }
      next = page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined
    }
  }

  async createUpload(name: string): Promise<Upload> {
    const input = { ...this.#bucket, Key: name }
    const { UploadId } = await this.#requests.do(() => this.#client.send(new this.#sdk.CreateMultipartUploadCommand(input)))
    if (UploadId === undefined) throw new TypeError('S3 began an upload without telling its id')
    return { name, id: UploadId }
  }

  async sendPart(
    upload: Upload,
    part: { readonly number: number; readonly bytes: Uint8Array },
    signal?: AbortSignal,
  ): Promise<string> {
    const input = { ...this.#inputOf(upload), PartNumber: part.number, Body: part.bytes }
    const { ETag } = await this.#requests.do(() =>
      this.#client.send(new this.#sdk.UploadPartCommand(input), { abortSignal: signal }),
    )
    return ETag ?? ''
  }

  /** The parts after one, in order; undefined when there is no such upload. */
  async parts(upload: Upload, after = 0): Promise<UploadedPart[] | undefined> {
    const found: UploadedPart[] = []
    for (let marker: string | undefined = String(after); marker !== undefined; ) {
      const input: S3.ListPartsCommandInput = { ...this.#inputOf(upload), PartNumberMarker: marker }
      const page = await this.#requests.find(() => this.#client.send(new this.#sdk.ListPartsCommand(input)))
      if (page === undefined) return undefined
      for (const { PartNumber = 0, Size = 0, ETag = '', LastModified } of page.Parts ?? []) {
        found.push({ number: PartNumber, size: Size, etag: ETag, at: LastModified?.getTime() ?? 0 })
      }
      marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined
    }
    return found
  }

  /** False when there is no such upload any more. */
  async completeUpload(upload: Upload, parts: readonly Pick<UploadedPart, 'number' | 'etag'>[]): Promise<boolean> {
    const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }))
    const input = { ...this.#inputOf(upload), MultipartUpload: { Parts } }
    return (await this.#requests.find(() => this.#client.send(new this.#sdk.CompleteMultipartUploadCommand(input)))) !== undefined
  }

  async abortUpload(upload: Upload): Promise<void> {
    await this.#requests.find(() => this.#client.send(new this.#sdk.AbortMultipartUploadCommand(this.#inputOf(upload))))
  }

  downloadUrl(name: string, { type, disposition }: DownloadDescription, signing: Signing): Promise<string> {
    const input = { ...this.#bucket, Key: name, ResponseContentType: type, ResponseContentDisposition: disposition }
    return this.#requests.do(() => this.#sign(this.#publicClient, new this.#sdk.GetObjectCommand(input), signatureOf(signing)))
  }

  uploadUrl(name: string, { size, type }: UploadDescription, signing: Signing): Promise<string> {
    const input = { ...this.#bucket, Key: name, ContentLength: size, ContentType: type, IfNoneMatch: '*' }
    return this.#requests.do(() => this.#sign(this.#publicClient, new this.#sdk.PutObjectCommand(input), signatureOf(signing)))
  }

  close(): void {
    this.#client.destroy()
    this.#publicClient.destroy()
  }

  #inputOf({ name, id }: Upload): { readonly Bucket: string; readonly Key: string; readonly UploadId: string } {
    return { ...this.#bucket, Key: name, UploadId: id }
  }
}

function signatureOf({ at, expires }: Signing) {
  // the SDK leaves the type out of what is signed unless told so
  return { expiresIn: expires, signingDate: at, signableHeaders: new Set(['content-type']) }
}
