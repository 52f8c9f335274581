import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { newId } from '../../../kit/ids.ts'
import { readAzureUrl } from './url.ts'

/** A container of the tests, in which each has a place of its own; seen by a client that is not ours. */
export class TestContainer {
  readonly url: string
  readonly #client: ContainerClient

  constructor(url: string) {
    const { account, key, endpoint, container } = readAzureUrl(url)
    this.url = url
    this.#client = new ContainerClient(`${endpoint}/${container}`, new StorageSharedKeyCredential(account, key))
  }

  /** The URL of an empty place. */
  place(): string {
    const url = new URL(this.url)
    url.searchParams.set('prefix', `test/${newId()}`)
    return String(url)
  }

  /** Blobs whose blocks are not committed, and what lies beside files. */
  async leftovers(place: string): Promise<string[]> {
    const { prefix } = readAzureUrl(place)
    const names = await this.#names(prefix, false)
    const all = await this.#names(prefix, true)
    return [...names.filter((name) => name.slice(prefix.length).includes('/')), ...all.filter((name) => !names.includes(name))]
  }

  async #names(prefix: string, includeUncommitedBlobs: boolean): Promise<string[]> {
    const blobs = await Array.fromAsync(this.#client.listBlobsFlat({ prefix, includeUncommitedBlobs }))
    return blobs.map(({ name }) => name)
  }
}
