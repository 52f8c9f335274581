import type { Database, ReadSet } from '../data/index.ts'
import type { Clock } from '../kit/clock.ts'
import { milliseconds } from '../kit/measures.ts'
import type { Log } from '../observe/index.ts'
import type { Id } from '../schema/index.ts'
import { type AuthDb, authDb, type SessionKind } from './models.ts'
import { hashToken, isToken, newToken } from './token.ts'

/** How long a session lives after it was last used. */
export const sessionLife = milliseconds('30d')
const seenEvery = milliseconds('1h')
const mostPerUser = 100

/** Who calls: the user's whole row, and the session by which we know. */
export interface Caller {
  readonly user: Readonly<Record<string, unknown>> & { readonly id: string }
  readonly session: { readonly id: string; readonly kind: SessionKind }
}

export interface Found {
  readonly caller: Caller
  /** The session was due to be prolonged, and is. */
  readonly prolonged: boolean
}

/** The sessions of all users. A token is known only to its holder: the table has its hash. */
export class Sessions {
  readonly #database: Database
  readonly #clock: Clock
  readonly #log: Log
  readonly #prolonging = new Map<string, Promise<void>>()

  constructor(parts: { database: Database; clock: Clock; log: Log }) {
    this.#database = parts.database
    this.#clock = parts.clock
    this.#log = parts.log
  }

  /** Starts a session in the transaction `db`; answers its token. The oldest make way when a user has too many. */
  async start(db: AuthDb, of: { user: string; kind: SessionKind; agent?: string | undefined }): Promise<string> {
    const token = newToken()
    const now = this.#clock.now()
    const user = userId(of.user)
    await db.tapri_sessions.create({
      tokenHash: hashToken(token),
      kind: of.kind,
      user,
      at: new Date(now),
      seenAt: new Date(now),
      expires: new Date(now + sessionLife),
      agent: of.agent?.slice(0, 200) ?? null,
    })
    const surplus = (await db.tapri_sessions.count({ where: { user } })) - mostPerUser
    if (surplus <= 0) return token
    for (const session of await db.tapri_sessions.find({ where: { user }, orderBy: 'seenAt', limit: surplus })) {
      await db.tapri_sessions.delete(session.id)
    }
    return token
  }

  /** Who holds the token, null when it opens no session of this kind (any more). */
  async find(token: string, kind: SessionKind, reads?: ReadSet): Promise<Found | null> {
    if (!isToken(token)) return null
    const db = authDb(this.#database, reads)
    const session = await db.tapri_sessions.first({ where: { tokenHash: hashToken(token) } })
    const now = this.#clock.now()
    if (session === null || session.kind !== kind || session.expires.getTime() <= now) return null
    const user = await db.users.first({ where: { id: session.user } })
    if (user === null) return null
    const prolonged = now - session.seenAt.getTime() >= seenEvery
    if (prolonged) this.#prolong(session.id, now)
    return { caller: { user, session: { id: session.id, kind } }, prolonged }
  }

  async end(id: string): Promise<void> {
    await this.#delete(authDb(this.#database), id)
  }

  /** Ends all sessions of the user; answers how many there were. */
  endAll(user: string): Promise<number> {
    return authDb(this.#database).transaction(async (db) => {
      const sessions = await db.tapri_sessions.find({ where: { user: userId(user) }, limit: 10_000 })
      for (const session of sessions) await db.tapri_sessions.delete(session.id)
      return sessions.length
    })
  }

  /** Deletes what has expired, some at a time, so that others can write in between. */
  async sweep(): Promise<void> {
    const db = authDb(this.#database)
    for (let left = true; left; ) {
      const expired = await db.tapri_sessions.find({ where: { expires: { lte: new Date(this.#clock.now()) } }, limit: 500 })
      await db.transaction(async (inner) => {
        for (const session of expired) await this.#delete(inner, session.id)
      })
      left = expired.length === 500
    }
  }

  /** Resolves once no write of this room is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#prolonging.values())
  }

  /** Not waited for: a reader must not wait for a writer, who may be waiting for the reader. */
  #prolong(id: string, now: number): void {
    if (this.#prolonging.has(id)) return
    const write = authDb(this.#database)
      .tapri_sessions.update(sessionId(id), { seenAt: new Date(now), expires: new Date(now + sessionLife) })
      .then(
        () => {},
        (error) => {
          // it ended meanwhile, which is no failure
          if (error?.code !== 'TAPRI_NOT_FOUND') this.#log.warn('Cannot prolong a session', { session: id, error })
        },
      )
      .finally(() => this.#prolonging.delete(id))
    this.#prolonging.set(id, write)
  }

  async #delete(db: AuthDb, id: string): Promise<void> {
    try {
      await db.tapri_sessions.delete(sessionId(id))
    } catch (error) {
      // somebody else ended it first: what was asked for is so
      if (!(error instanceof Error && 'code' in error && error.code === 'TAPRI_NOT_FOUND')) throw error
    }
  }
}

// Ids are branded in types only; these came from rows, or are compared with rows, of that very model.
function userId(id: string): Id<'users'> {
  return id as Id<'users'>
}
function sessionId(id: string): Id<'tapri_sessions'> {
  return id as Id<'tapri_sessions'>
}
