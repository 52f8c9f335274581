import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { newId } from '../../../kit/ids.ts'
import { readS3Url } from './url.ts'

/** A bucket of the tests, in which each has a place of its own; seen by a client that is not ours. */
export class TestBucket {
  readonly url: string
  readonly #client: S3Client
  readonly #bucket: string

  constructor(url: string) {
    const { bucket, endpoint, region, credentials, isPathStyle } = readS3Url(url)
    this.url = url
    this.#bucket = bucket
    this.#client = new S3Client({ endpoint, region, credentials, forcePathStyle: isPathStyle })
  }

  /** The URL of an empty place. Parts are small, so that files of many parts are. */
  place(): string {
    const url = new URL(this.url)
    url.searchParams.set('prefix', `test/${newId()}`)
    url.searchParams.set('part', '5mb')
    return String(url)
  }

  /** Unfinished uploads, and what lies beside files. */
  async leftovers(place: string): Promise<string[]> {
    const { prefix } = readS3Url(place)
    const where = { Bucket: this.#bucket, Prefix: prefix }
    const { Uploads = [] } = await this.#client.send(new ListMultipartUploadsCommand(where))
    const { Contents = [] } = await this.#client.send(new ListObjectsV2Command(where))
    const names = Contents.map(({ Key = '' }) => Key.slice(prefix.length))
    return [...Uploads.map(({ UploadId = '' }) => UploadId), ...names.filter((name) => name.includes('/'))]
  }

  close(): void {
    this.#client.destroy()
  }
}
