import { Readable } from 'node:stream'
// types alone: the package is imported when a container is opened, and only then has to be there
import type * as Azure from '@azure/storage-blob'
import type { ByteRange } from '../../store.ts'
import { withoutPackage } from '../remote-error.ts'
import type { Body } from '../remote-reader.ts'
import { SdkRequests } from '../sdk-requests.ts'
import type { AzureUrl } from './url.ts'

/** Bytes that belong to a blob once its list of blocks is committed. */
export interface Block {
  readonly id: string
  readonly size: number
}

interface DownloadDescription {
  readonly expires: Date
  readonly type: string
  readonly disposition: string
}

/** @throws TAPRI_FILES_NO_SDK */
export async function openContainer(url: AzureUrl): Promise<Container> {
  try {
    return new Container(url, await import('@azure/storage-blob'))
  } catch (cause) {
    throw withoutPackage(['@azure/storage-blob'], cause)
  }
}

/** The few things that are asked of a container. Everything throws TAPRI_FILES_STORE; what is not there is undefined. */
export class Container {
  readonly #sdk: typeof Azure
  readonly #client: Azure.ContainerClient
  /** Speaks of the address that browsers know. */
  readonly #publicClient: Azure.ContainerClient
  readonly #requests: SdkRequests

  constructor(url: AzureUrl, sdk: typeof Azure) {
    const credential = new sdk.StorageSharedKeyCredential(url.account, url.key)
    const at = (endpoint: string) =>
      new sdk.ContainerClient(`${endpoint}/${url.container}`, credential, {
        retryOptions: { maxTries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 2000 },
      })
    this.#sdk = sdk
    this.#client = at(url.endpoint)
    this.#publicClient = url.publicEndpoint === undefined ? this.#client : at(url.publicEndpoint)
    this.#requests = new SdkRequests({ shown: url.shown, noPlace: 'ContainerNotFound', statusOf })
  }

  async put(name: string, bytes: Buffer, signal?: AbortSignal): Promise<void> {
    await this.#requests.do(() => this.#blob(name).upload(bytes, bytes.length, { abortSignal: signal }))
  }

  async get(name: string, range?: ByteRange): Promise<Body | undefined> {
    const count = range === undefined ? undefined : range.end - range.start + 1
    // whoever reads opens it again where the line breaks
    const options = { maxRetryRequests: 0 }
    const found = await this.#requests.find(() => this.#blob(name).download(range?.start ?? 0, count, options))
    if (found === undefined) return undefined
    const { readableStreamBody: body, contentLength = 0 } = found
    if (!(body instanceof Readable)) throw new TypeError('The SDK of Azure gave a body that is no stream of Node')
    return { body, size: contentLength }
  }

  async head(name: string): Promise<{ readonly size: number } | undefined> {
    const found = await this.#requests.find(() => this.#blob(name).getProperties())
    return found && { size: found.contentLength ?? 0 }
  }

  async delete(name: string): Promise<void> {
    await this.#requests.find(() => this.#blob(name).delete({ deleteSnapshots: 'include' }))
  }

  /** The names that begin so, without those that have a slash after it. */
  async *list(prefix: string): AsyncGenerator<string, void> {
    const pages = this.#client.listBlobsByHierarchy('/', { prefix })[Symbol.asyncIterator]()
    for (;;) {
      const { done, value } = await this.#requests.do(() => pages.next())
      if (done === true) return
      if (value.kind === 'blob') yield value.name
    }
  }

  /** Adds a block that nobody can read yet. */
  async stage(name: string, id: string, bytes: Buffer, signal?: AbortSignal): Promise<void> {
    await this.#requests.do(() => this.#blob(name).stageBlock(id, bytes, bytes.length, { abortSignal: signal }))
  }

  /** Those that were sent and not committed. */
  async blocks(name: string): Promise<readonly Block[]> {
    const found = await this.#requests.find(() => this.#blob(name).getBlockList('uncommitted'))
    return (found?.uncommittedBlocks ?? []).map(({ name: id, size }) => ({ id, size }))
  }

  /** Makes a blob of the blocks, whose others are gone then; false when there is a blob already. */
  async commit(name: string, ids: readonly string[]): Promise<boolean> {
    try {
      await this.#blob(name).commitBlockList([...ids], { conditions: { ifNoneMatch: '*' } })
      return true
    } catch (cause) {
      if (statusOf(cause) === 409 || statusOf(cause) === 412) return false
      throw this.#requests.explained(cause)
    }
  }

  downloadUrl(name: string, { expires, type, disposition }: DownloadDescription): Promise<string> {
    const permissions = this.#sdk.BlobSASPermissions.parse('r')
    const options = { permissions, expiresOn: expires, contentType: type, contentDisposition: disposition }
    return this.#requests.do(() => this.#publicBlob(name).generateSasUrl(options))
  }

  /** Good for a blob that is not there yet. */
  uploadUrl(name: string, expires: Date): Promise<string> {
    const permissions = this.#sdk.BlobSASPermissions.parse('c')
    return this.#requests.do(() => this.#publicBlob(name).generateSasUrl({ permissions, expiresOn: expires }))
  }

  #blob(name: string): Azure.BlockBlobClient {
    return this.#client.getBlockBlobClient(name)
  }

  #publicBlob(name: string): Azure.BlockBlobClient {
    return this.#publicClient.getBlockBlobClient(name)
  }
}

function statusOf(cause: unknown): number | undefined {
  return cause instanceof Error && 'statusCode' in cause && typeof cause.statusCode === 'number' ? cause.statusCode : undefined
}
