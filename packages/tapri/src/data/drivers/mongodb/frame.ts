import { randomUUID } from 'node:crypto'
import { commitOf } from './commit.ts'
import { translate } from './failure.ts'
import { trimLog } from './log.ts'
import { keepText } from './pieces.ts'
import type { ClientSession, Server, Stored } from './server.ts'
import { type Begun, end } from './turn.ts'
import { Writes } from './writes.ts'

export interface Trim {
  readonly kept: number
  readonly before: number
}

/** What begins and ends around a transaction of the data room. */
export interface Frame {
  /** Others may have a part in the same transaction of the server. */
  readonly isShared: boolean
  readonly session: ClientSession
  readonly writes: Writes
  /** Keeps an entry for the log; answers its position. */
  append(at: number, changes: string): number
  trim(trim: Trim): void
  /** @param hasWritten anything at all, the log apart */
  commit(hasWritten: boolean): Promise<void>
  /** `undo` takes back what it wrote; without it the server's transaction is lost already. */
  rollback(undo: (() => Promise<void>) | undefined): Promise<void>
  /** The server has ended the transaction. */
  lose(error: unknown): void
}

/** A transaction of the server, and what it is to write in the log before it ends. */
export class Unit {
  readonly session: ClientSession
  readonly writes: Writes
  readonly #server: Server
  readonly #first: number
  /** Tells its entries from those of another one that comes to the same place. */
  readonly #by = randomUUID()
  readonly #entries: { readonly at: number; readonly changes: string }[] = []
  #trim: Trim | undefined

  constructor(server: Server, { session, position }: Begun) {
    this.session = session
    this.#server = server
    this.#first = position
    this.writes = new Writes(server, session)
  }

  get entries(): number {
    return this.#entries.length
  }

  append(at: number, changes: string): number {
    return this.#first + this.#entries.push({ at, changes }) - 1
  }

  /** Forgets the entries beyond so many. */
  cut(count: number): void {
    this.#entries.length = count
  }

  trim(trim: Trim): void {
    this.#trim = trim
  }

  async commit(): Promise<void> {
    try {
      await this.writes.send()
      const last = await this.#writeLog()
      await commitOf(this.#server, this.session, last)
    } catch (cause) {
      throw translate(cause)
    }
    await this.session.endSession()
    if (this.#trim !== undefined) await trimLog(this.#server, this.#trim)
  }

  rollback(): Promise<void> {
    return end(this.session)
  }

  async #writeLog() {
    const by = this.#by
    const options = { session: this.session, maxTimeMS: this.#server.longest }
    const documents: Stored[] = []
    for (const [index, { at, changes }] of this.#entries.entries()) {
      const position = this.#first + index
      documents.push({ _id: position, at, by, ...(await keepText(this.#server, position, changes, options)) })
    }
    if (documents.length === 0) return undefined
    await this.#server.changes().insertMany(documents, options)
    const position = this.#first + documents.length - 1
    // the turn gave the first place; the next turn begins behind the last
    if (position > this.#first) await this.#server.meta().updateOne({ _id: 'turn' }, { $set: { position } }, options)
    return { position, by }
  }
}

/** A transaction that has one of the server's for itself. */
export function single(server: Server, begun: Begun): Frame {
  const unit = new Unit(server, begun)
  return {
    isShared: false,
    session: unit.session,
    writes: unit.writes,
    append: (at, changes) => unit.append(at, changes),
    trim: (trim) => unit.trim(trim),
    // the place in the log is left to the next one when there is nothing to keep
    commit: (hasWritten) => (hasWritten || unit.entries > 0 ? whole(unit) : unit.rollback()),
    rollback: () => unit.rollback(),
    lose: () => {},
  }
}

/** Nobody else could write while a transaction that is given up stays open. */
async function whole(unit: Unit): Promise<void> {
  try {
    await unit.commit()
  } catch (error) {
    await unit.rollback()
    throw error
  }
}
