import type { PoolClient } from 'pg'
import { CommandError } from './errors.ts'

interface Cursor {
  readonly continuation: Buffer
  /** The connection that holds the rest of the rows; without one any connection can go on. */
  readonly client: PoolClient | undefined
  readonly timer: NodeJS.Timeout
}

// MongoDB's own limit: cursorTimeoutMillis
const lifetime = 600_000

/** The cursors that have more to give. */
export class Cursors {
  readonly #open = new Map<string, Cursor>()

  /** Keeps a cursor until it is asked for; with `client` that connection is kept for it. */
  keep(id: string, { continuation, client }: { continuation: Buffer; client: PoolClient | undefined }): void {
    const timer = setTimeout(() => this.close(id), lifetime).unref()
    this.#open.set(id, { continuation, client, timer })
  }

  /** Takes a cursor out, to go on with it. */
  take(id: string): Cursor {
    const cursor = this.#open.get(id)
    if (cursor === undefined) throw new CommandError(43, 'CursorNotFound', `cursor id ${id} not found`)
    clearTimeout(cursor.timer)
    this.#open.delete(id)
    return cursor
  }

  /** Whether a cursor was there to be closed. */
  close(id: string): boolean {
    if (!this.#open.has(id)) return false
    // the connection may still hold rows, so it is not used again
    this.take(id).client?.release(true)
    return true
  }

  closeAll(): void {
    for (const id of [...this.#open.keys()]) this.close(id)
  }
}
