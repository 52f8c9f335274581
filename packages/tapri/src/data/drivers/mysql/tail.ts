import type { ChangesRead, Tail } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { Session } from './connection.ts'
import { changesOf, readEntries } from './log.ts'
import type { Server } from './server.ts'

/** The log as every process reads it, over a connection of its own. Nothing tells of commits here: it asks. */
export class MysqlTail implements Tail {
  readonly pollEvery = 200
  readonly #server: Server
  readonly #timeout: number
  #session: Session | undefined
  #hasRead = false

  constructor(server: Server, timeout: number) {
    this.#server = server
    this.#timeout = timeout
  }

  async listen(wake: (lost?: unknown) => void): Promise<void> {
    this.#session?.close()
    this.#session = undefined
    const session = await this.#server.connect({ timeout: this.#timeout })
    this.#session = session
    session.hear((lost) => {
      // a connection that was given up already has nothing more to say
      if (this.#session === session) wake(lost)
    })
  }

  async read(position: number, limit: number): Promise<ChangesRead> {
    const read = changesOf(await this.#open().rows(readEntries(position, limit)), position)
    this.#hasRead = read.entries.length > 0
    return read
  }

  async newest(): Promise<number> {
    const [row] = await this.#open().rows({ sql: 'select max(position) from tapri_changes', parameters: [] })
    return Number(row?.[0] ?? 0)
  }

  /** Positions have no gaps: nothing keeps an entry back, and what came while others were read is there already. */
  async pause(turn: number): Promise<void> {
    if (this.#hasRead) return
    const seconds = Math.min(0.05, 0.002 * (turn + 1))
    await this.#open().rows({ sql: 'select sleep(?)', parameters: [seconds] })
  }

  async close(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    session?.close()
  }

  #open(): Session {
    if (this.#session !== undefined) return this.#session
    throw dataError('TAPRI_DATA_UNREACHABLE', 'Cannot reach the database: the connection that reads the log is closed')
  }
}
