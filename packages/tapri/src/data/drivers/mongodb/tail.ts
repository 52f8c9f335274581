import { setTimeout as pause } from 'node:timers/promises'
import type { ChangesRead, Tail } from '../../driver.ts'
import { readChanges } from './log.ts'
import type { Server } from './server.ts'

/** The log as every process reads it. Nobody tells of commits; it is asked for them. */
export class MongoTail implements Tail {
  readonly pollEvery = 250
  readonly #server: Server
  #hasRead = false

  constructor(server: Server) {
    this.#server = server
  }

  async read(position: number, limit: number): Promise<ChangesRead> {
    const read = await readChanges(this.#server, position, limit)
    this.#hasRead = read.entries.length > 0
    return read
  }

  /** What is committed is on most members, and the primary may learn so a little later than the writer. */
  async pause(turn: number): Promise<void> {
    // what came while others were read is mostly there already
    if (!this.#hasRead) await pause(Math.min(50, 2 * (turn + 1)))
  }

  async listen(): Promise<void> {}

  async close(): Promise<void> {}
}
