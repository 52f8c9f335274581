import { buffer } from 'node:stream/consumers'
import { TapriError } from '../../../kit/errors.ts'
import { filesError } from '../../errors.ts'
import { readRemote } from '../remote-reader.ts'
import { blockId } from './blocks.ts'
import type { Container } from './container.ts'

const nameSize = blockId(0).length

/**
 * What of a file in pieces is too little for a block: a blob beside, of the name of the block that it begins and its bytes. For as
 * long as the file is in pieces the blob is there, empty where there is no rest.
 */
export class Rest {
  readonly #container: Container
  readonly #name: string

  constructor(container: Container, name: string) {
    this.#container = container
    this.#name = name
  }

  async begin(): Promise<void> {
    await this.#container.put(this.#name, Buffer.alloc(0))
  }

  /** How many bytes come after so many that are in blocks; undefined when no such file is in pieces. */
  async sizeAfter(staged: () => Promise<number>): Promise<number | undefined> {
    const found = await this.#container.head(this.#name)
    if (found === undefined || found.size <= nameSize) return found && 0
    const begun = await this.#read(nameSize)
    // a crash may have come after the block of which this was the beginning
    return begun && (isAfter(await staged(), begun) ? found.size - nameSize : 0)
  }

  /** @throws TAPRI_FILES_LOCKED when it is another one by now */
  async read(size: number, staged: number): Promise<Buffer> {
    if (size === 0) return Buffer.alloc(0)
    const bytes = await this.#read(nameSize + size)
    if (bytes !== undefined && isAfter(staged, bytes)) return bytes.subarray(nameSize)
    throw filesError('TAPRI_FILES_LOCKED', 'Cannot work on this upload: another request has just changed it; try again', {
      facts: { retryAfter: 1 },
    })
  }

  async keep(bytes: Buffer, staged: number): Promise<void> {
    await this.#container.put(this.#name, Buffer.concat([Buffer.from(blockId(staged)), bytes]))
  }

  async remove(): Promise<void> {
    await this.#container.delete(this.#name)
  }

  /** Its first bytes; undefined when it has gone. */
  async #read(size: number): Promise<Buffer | undefined> {
    const range = { start: 0, end: size - 1 }
    try {
      return await buffer(await readRemote(this.#name, range, (wanted) => this.#container.get(this.#name, wanted)))
    } catch (cause) {
      if (cause instanceof TapriError && cause.code === 'TAPRI_NOT_FOUND') return undefined
      throw cause
    }
  }
}

function isAfter(staged: number, bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, nameSize) === blockId(staged)
}
