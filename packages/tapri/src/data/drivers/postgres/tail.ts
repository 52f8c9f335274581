import type { ChangesRead, Tail } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { changesOf, newestSettled, readSettled } from './log.ts'
import type { Server, Session } from './server.ts'

/** The log as every process reads it, over a connection of its own that also listens. */
export class PostgresTail implements Tail {
  readonly #server: Server
  /** Of this app's own tables: other schemas of the database have other logs. */
  readonly #channel: string
  #session: Session | undefined

  constructor(server: Server, schema: string) {
    this.#server = server
    this.#channel = `tapri_${schema.replaceAll('"', '')}`.slice(0, 63)
  }

  async listen(wake: (lost?: unknown) => void): Promise<void> {
    this.#session?.release(true)
    this.#session = undefined
    const session = await this.#server.connect()
    this.#session = session
    session.hear((lost) => {
      // a connection that was given up already has nothing more to say
      if (this.#session === session) wake(lost)
    })
    // what it writes are notifications alone
    await session.run(`set synchronous_commit = off; listen "${this.#channel}"`)
  }

  async read(position: number, limit: number): Promise<ChangesRead> {
    return changesOf(await this.#open().rows(readSettled(position, limit)))
  }

  async newest(): Promise<number> {
    const [row] = await this.#open().rows({ sql: newestSettled, parameters: [] })
    return Number(row?.[0] ?? 0)
  }

  async pause(turn: number): Promise<void> {
    // writes that overlap end within a round trip or two; only then is it worth sleeping for somebody slow
    if (turn < 4) return
    const seconds = Math.min(0.05, 0.002 * (turn - 3))
    await this.#open().rows({ sql: 'select pg_sleep($1)', parameters: [seconds] })
  }

  async notify(): Promise<void> {
    await this.#open().run(`notify "${this.#channel}"`)
  }

  async close(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    session?.release(true)
  }

  #open(): Session {
    if (this.#session !== undefined) return this.#session
    throw dataError('TAPRI_DATA_UNREACHABLE', 'Cannot reach the database: the connection that hears of commits is closed')
  }
}
