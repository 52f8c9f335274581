import { setTimeout as pause } from 'node:timers/promises'
import type { ChangesRead, Tail } from '../../driver.ts'
import { readChanges } from './log.ts'
import type { Server } from './server.ts'

/** The log as every process reads it. Nobody tells of commits; it is asked for them. */
export class MongoTail implements Tail {
  readonly pollEvery = 250
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  read(position: number, limit: number): Promise<ChangesRead> {
    return readChanges(this.#server, position, limit)
  }

  /** What is committed is on most members, and the primary may learn so a little later than the writer. */
  async pause(turn: number): Promise<void> {
    await pause(Math.min(50, 2 * (turn + 1)))
  }

  async notify(): Promise<void> {}

  async listen(): Promise<void> {}

  async close(): Promise<void> {}
}
