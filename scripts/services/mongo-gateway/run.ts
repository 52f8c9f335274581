import { DatabaseError, type Pool, type PoolClient } from 'pg'
import type { Document } from './bson.ts'
import { callWithImages } from './changes/images.ts'
import { isChangeStream } from './changes/request.ts'
import { ChangeStreams } from './changes/streams.ts'
import { type Command, lifetimeLimit, readSession } from './command.ts'
import { Cursors } from './cursors.ts'
import { type Answer, nextPage } from './engine.ts'
import { CommandError } from './errors.ts'
import { isConflict, tellError, tellWriteErrors } from './tell.ts'
import { Transactions } from './transactions.ts'

// MongoDB tries such a write again by itself, without the driver noticing
const attempts = 20

/** Runs commands: gives each its connection, keeps transactions and cursors, tells errors as MongoDB does. */
export class Runner {
  readonly #pool: Pool
  readonly #transactions: Transactions
  readonly #cursors = new Cursors()
  readonly #streams: ChangeStreams

  constructor(pool: Pool, url: string) {
    this.#pool = pool
    this.#streams = new ChangeStreams(pool, url)
    this.#transactions = new Transactions(pool, { isNoted: () => this.#streams.isActive })
  }

  /** Answers a command of a driver. `onClient` learns the connection that works on it, so that the work can be cancelled. */
  async run(given: Command, onClient: (client: PoolClient) => void): Promise<Buffer | Document> {
    const command = { ...given, isNoted: this.#streams.isActive }
    if (command.name === 'commitTransaction' || command.name === 'abortTransaction') return this.#endTransaction(command)
    if (command.name === 'endSessions' || command.name === 'killSessions') return this.#endSessions(command)
    if (command.name === 'killCursors') return this.#killCursors(command)
    if (command.name === 'setParameter') return this.#setParameter(command)
    if (command.name === 'truncateOplog') return this.#streams.truncate(command)
    if (isChangeStream(command)) return this.#streams.open(command)
    if (command.name === 'getMore' && this.#streams.has(String(command.target))) return this.#streams.next(command)
    if (command.transaction !== undefined) return this.#runInside(command, command.transaction, onClient)
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#runAlone(command, onClient)
      } catch (cause) {
        if (!isConflict(cause) || attempt === attempts) throw await tellError(this.#pool, command, cause)
      }
    }
  }

  async close(): Promise<void> {
    this.#cursors.closeAll()
    this.#transactions.closeAll()
    await this.#streams.closeAll()
    await this.#pool.end()
  }

  async #runAlone(command: Command, onClient: (client: PoolClient) => void): Promise<Buffer | Document> {
    const known = command.name === 'getMore' ? this.#cursors.take(String(command.target)) : undefined
    const client = known?.client ?? (await this.#pool.connect())
    onClient(client)
    let answer: Answer
    try {
      answer = await withTimeout(client, command, () =>
        known === undefined ? callWithImages(client, command) : nextPage(client, command, known.continuation),
      )
    } catch (cause) {
      client.release(!(cause instanceof DatabaseError))
      throw cause
    }
    const { cursor } = answer
    const isBound = cursor !== undefined && (known === undefined ? cursor.isBound : known.client !== undefined)
    if (cursor !== undefined) this.#keep(command, cursor, isBound ? client : undefined)
    if (!isBound) client.release()
    return tellWriteErrors(this.#pool, command, answer.document)
  }

  async #runInside(command: Command, key: string, onClient: (client: PoolClient) => void): Promise<Buffer | Document> {
    const client = await this.#transactions.clientOf(key, { begins: command.settings.startTransaction === true })
    onClient(client)
    try {
      const known = command.name === 'getMore' ? this.#cursors.take(String(command.target)) : undefined
      const answer = await withTimeoutInside(client, command, () =>
        known === undefined ? callWithImages(client, command) : nextPage(client, command, known.continuation),
      )
      if (answer.cursor !== undefined) this.#keep(command, answer.cursor, undefined)
      const told = await tellWriteErrors(this.#pool, command, answer.document)
      const hasFailed = !Buffer.isBuffer(told) && told.writeErrors !== undefined
      // in MongoDB any error ends the transaction
      if (hasFailed) await this.#transactions.end(key, { keep: false })
      return told
    } catch (cause) {
      await this.#transactions.end(key, { keep: false })
      throw await tellError(this.#pool, command, cause)
    }
  }

  #keep(command: Command, cursor: NonNullable<Answer['cursor']>, client: PoolClient | undefined): void {
    const id = command.name === 'getMore' ? String(command.target) : cursor.id
    this.#cursors.keep(id, { continuation: cursor.continuation, client })
  }

  async #endTransaction(command: Command): Promise<Document> {
    try {
      await this.#transactions.end(command.transaction ?? '', { keep: command.name === 'commitTransaction' })
      return { ok: 1 }
    } catch (cause) {
      throw await tellError(this.#pool, command, cause)
    }
  }

  async #endSessions({ target }: Command): Promise<Document> {
    const sessions = (Array.isArray(target) ? target : []).map(readSession).filter((session) => session !== undefined)
    await Promise.all(sessions.map((session) => this.#transactions.endSession(session)))
    return { ok: 1 }
  }

  #setParameter({ settings }: Command): Document {
    const seconds = Number(settings[lifetimeLimit] ?? 0)
    if (!(seconds >= 1)) throw new CommandError(72, 'InvalidOptions', `${lifetimeLimit} alone can be set, to 1 or more`)
    this.#transactions.limit(seconds)
    return { ok: 1 }
  }

  #killCursors({ settings }: Command): Document {
    const ids = Array.isArray(settings.cursors) ? settings.cursors : []
    const killed = ids.filter((id) => this.#cursors.close(String(id)) || this.#streams.close(String(id)))
    const notFound = ids.filter((id) => !killed.includes(id))
    return { cursorsKilled: killed, cursorsNotFound: notFound, cursorsAlive: [], cursorsUnknown: [], ok: 1 }
  }
}

/** Not in a transaction of PostgreSQL: the engine would end its cursors with that. */
async function withTimeout<T>(client: PoolClient, { settings }: Command, work: () => Promise<T>): Promise<T> {
  const limit = Number(settings.maxTimeMS ?? 0)
  if (limit === 0) return work()
  await client.query(`SET statement_timeout = ${Math.ceil(limit)}`)
  try {
    return await work()
  } finally {
    await client.query('RESET statement_timeout')
  }
}

/** What fails ends the transaction, and the limit with it. */
async function withTimeoutInside<T>(client: PoolClient, { settings }: Command, work: () => Promise<T>): Promise<T> {
  const limit = Number(settings.maxTimeMS ?? 0)
  if (limit === 0) return work()
  await client.query(`SET LOCAL statement_timeout = ${Math.ceil(limit)}`)
  const value = await work()
  await client.query('SET LOCAL statement_timeout = 0')
  return value
}
