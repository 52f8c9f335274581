import { type FileHandle, open } from 'node:fs/promises'
import type { OpenFile } from '../../http/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { withoutLinks } from './links.ts'

/** A file that others read too. */
export interface Lease extends OpenFile {
  readonly handle: FileHandle
}

interface Shared {
  readonly opening: Promise<FileHandle>
  readers: number
  /** When its last reader left. */
  idleSince: number
}

/** Milliseconds: players read a film range by range, and opening costs as much as reading. */
const idleFor = 2_000
const mostIdle = 100

/** One open handle per file, whatever the number of readers; it closes soon after its last reader is gone. */
export class SharedHandles {
  readonly #clock: Clock
  readonly #files = new Map<string, Shared>()
  /** Without readers, by path; the longest first. */
  readonly #idle = new Map<string, Shared>()
  #stopWaiting: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async lease(path: string): Promise<Lease> {
    const shared = this.#files.get(path) ?? { opening: open(path, withoutLinks('r')), readers: 0, idleSince: 0 }
    this.#files.set(path, shared)
    this.#idle.delete(path)
    shared.readers++
    try {
      const handle = await shared.opening
      return { handle, fd: handle.fd, release: () => this.#release(path, shared) }
    } catch (cause) {
      if (this.#files.get(path) === shared) this.#files.delete(path)
      throw cause
    }
  }

  /** Later readers open the path anew: its file has been removed or replaced. */
  async renew(path: string): Promise<void> {
    const idle = this.#idle.get(path)
    this.#idle.delete(path)
    this.#files.delete(path)
    await idle?.opening.then((handle) => handle.close())
  }

  /** Closes what nobody reads. */
  async close(): Promise<void> {
    this.#stopWaiting?.()
    await Promise.all([...this.#idle.keys()].map((path) => this.renew(path)))
  }

  async #release(path: string, shared: Shared): Promise<void> {
    if (--shared.readers > 0) return
    if (this.#files.get(path) !== shared) return (await shared.opening).close()
    shared.idleSince = this.#clock.now()
    this.#idle.set(path, shared)
    await this.#closeIdle()
  }

  async #closeIdle(): Promise<void> {
    const due = this.#clock.now() - idleFor
    const tooMany = this.#idle.size - mostIdle
    const over = [...this.#idle].filter(([, { idleSince }], index) => idleSince <= due || index < tooMany)
    const closed = Promise.all(over.map(([path]) => this.renew(path)))
    if (this.#idle.size > 0) this.#stopWaiting ??= this.#clock.after(idleFor, () => this.#wake())
    await closed
  }

  #wake(): void {
    this.#stopWaiting = undefined
    // what was only read loses nothing when it cannot be closed
    this.#closeIdle().catch(() => {})
  }
}
