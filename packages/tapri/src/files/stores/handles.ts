import { type FileHandle, open } from 'node:fs/promises'

/** A file that stays open until `release` is called, which must happen once. */
export interface Lease {
  readonly handle: FileHandle
  release(): Promise<void>
}

interface Shared {
  readonly opening: Promise<FileHandle>
  readers: number
}

/** One open handle per file, whatever the number of readers; it closes when its last reader is gone. */
export class SharedHandles {
  readonly #files = new Map<string, Shared>()

  async lease(path: string): Promise<Lease> {
    const shared = this.#files.get(path) ?? { opening: open(path, 'r'), readers: 0 }
    this.#files.set(path, shared)
    shared.readers++
    try {
      return { handle: await shared.opening, release: () => this.#release(path, shared) }
    } catch (cause) {
      this.#forget(path, shared)
      throw cause
    }
  }

  /** Later readers open the path anew: its file has been removed or replaced. */
  renew(path: string): void {
    this.#files.delete(path)
  }

  async #release(path: string, shared: Shared): Promise<void> {
    if (--shared.readers > 0) return
    this.#forget(path, shared)
    await (await shared.opening).close()
  }

  #forget(path: string, shared: Shared): void {
    if (this.#files.get(path) === shared) this.#files.delete(path)
  }
}
