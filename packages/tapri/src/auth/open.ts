import type { IncomingMessage } from 'node:http'
import type { Database, ReadSet } from '../data/index.ts'
import { Limit, type Reply } from '../http/index.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { type Log, silentLog } from '../observe/index.ts'
import { type SessionCookie, sessionCookie } from './cookie.ts'
import { credentialOf } from './credential.ts'
import { authError } from './errors.ts'
import { Guard, type OpenLimit } from './guard.ts'
import { authDb } from './models.ts'
import { Passwords } from './password.ts'
import type { AuthContext, AuthService } from './service.ts'
import { type Caller, Sessions, sessionLife } from './sessions.ts'
import { signingIn } from './sign-in.ts'
import type { AuthActions } from './types.ts'

export interface AuthOptions {
  /** Opened with `authModels` among its internal models. */
  readonly database: Database
  readonly clock?: Clock
  readonly log?: Log
  readonly production: boolean
  /** Where the world reaches the app; https here makes the session cookie Secure everywhere. */
  readonly publicUrl?: string | null
  /** Where tries are counted; in this process unless told. */
  readonly openLimit?: OpenLimit
}

export interface IdentifyOptions {
  /** Learns of the session and the user's row, so that a live query ends with them. */
  readonly reads?: ReadSet
  /** Where a stale cookie is cleared and a prolonged one renewed. */
  readonly reply?: Reply
}

/** Who is who, for one app. */
export interface Auth extends AuthService {
  /** The caller of a request: null, at once, when it carries no credential; null for a stale cookie too.
   * @throws TAPRI_AUTH_SESSION when it carries a bearer token that opens no session (any more) */
  identify(request: IncomingMessage, options?: IdentifyOptions): Caller | null | Promise<Caller | null>
  /** The holder of a bearer token, null when it opens no session (any more). */
  identifyToken(token: string, reads?: ReadSet): Promise<Caller | null>
  /** What `context.auth` is in a handler. */
  actions(context: AuthContext): AuthActions<any>
  /** A new bearer token of the user. */
  issueToken(user: string): Promise<string>
  /** Deletes expired sessions; call it now and then. */
  sweep(): Promise<void>
  /** Resolves once no write of this room is under way; call it before the database closes. */
  settled(): Promise<void>
}

/**
 * Opens signing in over a database.
 * @example const auth = openAuth({ database, production: true }); const caller = await auth.identify(request)
 */
export function openAuth(options: AuthOptions): Auth {
  const { database, clock = systemClock, log = silentLog } = options
  const sessions = new Sessions({ database, clock, log })
  const passwords = new Passwords()
  const guard = new Guard({ openLimit: options.openLimit ?? ((_name, numbers) => new Limit({ ...numbers, clock })), log })
  /** The callers of requests under way, for those who end or replace their session. */
  const callers = new WeakMap<IncomingMessage, Caller>()
  const cookieOf = (request: IncomingMessage) => sessionCookie(request, options)

  async function identifyWith(
    request: IncomingMessage,
    token: string,
    kind: 'cookie' | 'bearer',
    { reads, reply }: IdentifyOptions,
  ) {
    const found = await sessions.find(token, kind, reads)
    if (found === null) {
      if (kind === 'bearer') throw staleToken()
      if (reply !== undefined) clearCookie(reply, cookieOf(request))
      return null
    }
    callers.set(request, found.caller)
    if (found.prolonged && kind === 'cookie' && reply !== undefined) setCookie(reply, cookieOf(request), token)
    return found.caller
  }

  async function startSession(context: AuthContext, user: string): Promise<void> {
    const start = { user, kind: 'cookie', agent: context.request.headers['user-agent'] } as const
    await adopt(context, await authDb(database).transaction((db) => sessions.start(db, start)))
  }

  /** Gives the browser its new session; the one it leaves must not stay open behind it. */
  async function adopt({ request, reply }: AuthContext, token: string): Promise<void> {
    const before = callers.get(request)
    if (before?.session.kind === 'cookie') await sessions.end(before.session.id)
    setCookie(reply, cookieOf(request), token)
    tellChange(reply)
  }

  async function endSession({ request, reply }: AuthContext): Promise<void> {
    const caller = callers.get(request)
    if (caller === undefined) return
    await sessions.end(caller.session.id)
    callers.delete(request)
    if (caller.session.kind === 'cookie') forget(reply, cookieOf(request))
    log.event('auth.signed-out', { user: caller.user.id })
  }

  async function endAllSessions({ request, reply }: AuthContext, user: string): Promise<number> {
    const count = await sessions.endAll(user)
    const caller = callers.get(request)
    if (caller?.user.id === user && caller.session.kind === 'cookie') forget(reply, cookieOf(request))
    log.event('auth.sessions-ended', { user, count })
    return count
  }

  return {
    identify(request, identifyOptions = {}) {
      const credential = credentialOf(request, cookieOf)
      return credential === null ? null : identifyWith(request, credential.token, credential.kind, identifyOptions)
    },
    identifyToken: async (token, reads) => (await sessions.find(token, 'bearer', reads))?.caller ?? null,
    actions: (context) => ({
      startSession: (user) => startSession(context, user),
      endSession: () => endSession(context),
      endAllSessions: (user) => endAllSessions(context, user),
    }),
    issueToken: (user) => authDb(database).transaction((db) => sessions.start(db, { user, kind: 'bearer' })),
    sweep: () => sessions.sweep(),
    settled: () => sessions.settled(),
    ...signingIn({ database, sessions, passwords, guard, log, adopt, endSession }),
  }
}

function staleToken() {
  return authError('TAPRI_AUTH_SESSION', 'Cannot accept the bearer token: it is wrong or its session has ended, sign in again')
}

function setCookie(reply: Reply, { name, secure }: SessionCookie, token: string): void {
  reply.cookie(name, token, { maxAge: sessionLife, path: '/', httpOnly: true, sameSite: 'lax', secure })
}

function clearCookie(reply: Reply, { name, secure }: SessionCookie): void {
  reply.clearCookie(name, { path: '/', httpOnly: true, sameSite: 'lax', secure })
}

function forget(reply: Reply, cookie: SessionCookie): void {
  clearCookie(reply, cookie)
  tellChange(reply)
}

/** Tells the typed client that it is somebody else from now on, so that its live socket is too. */
function tellChange(reply: Reply): void {
  reply.header('tapri-session', 'changed')
}
