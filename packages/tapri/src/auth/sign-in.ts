import type { Database } from '../data/index.ts'
import { senderOf } from '../http/index.ts'
import { TapriError } from '../kit/errors.ts'
import type { Log } from '../observe/index.ts'
import { authError } from './errors.ts'
import type { Guard } from './guard.ts'
import { type AuthDb, authDb } from './models.ts'
import type { Passwords } from './password.ts'
import type { AuthContext, AuthService, Sent } from './service.ts'
import type { Caller, Sessions } from './sessions.ts'

interface Parts {
  readonly database: Database
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly guard: Guard
  readonly log: Log
  /** Makes the token the browser's session. */
  adopt(context: AuthContext, token: string): Promise<void>
  endSession(context: AuthContext): Promise<void>
}

/** Signing up, in and out. */
export function signingIn(parts: Parts): AuthService {
  const { database, sessions, passwords, guard, log } = parts

  async function check(context: AuthContext, { email, password }: Sent): Promise<Caller['user']> {
    const wasRight = await guard.enter('sign in', { ip: context.ip, account: email })
    const db = authDb(database)
    const user = await db.users.first({ where: { email } })
    const stored = user === null ? null : await db.tapri_passwords.first({ where: { user: user.id } })
    const matches = await passwords.matches(password, stored?.hash)
    if (user === null || !matches) {
      log.event('auth.sign-in-failed', { sender: senderOf(context.ip), ...(user !== null && { user: user.id }) }, 'warn')
      // one answer for both: it must not tell which addresses have an account
      throw authError('TAPRI_AUTH_WRONG', 'Cannot sign in: the e-mail address or the password is wrong')
    }
    await wasRight()
    return user
  }

  async function start(context: AuthContext, user: string, kind: 'cookie' | 'bearer'): Promise<string> {
    const agent = agentOf(context)
    const token = await authDb(database).transaction((db) => sessions.start(db, { user, kind, agent }))
    log.event('auth.signed-in', { user, kind })
    return token
  }

  return {
    async signUp(context, values) {
      const { password, ...fields } = values
      const email = String(fields.email)
      await guard.enter('sign up', { ip: context.ip })
      // asked first, so that a known address costs no hash; the unique column decides between those who come at once
      if (await isTaken(authDb(database), email)) throw emailTaken(email)
      const hash = await passwords.hash(String(password))
      const agent = agentOf(context)
      const { user, token } = await orEmailTaken(database, email, () =>
        authDb(database).transaction(async (db) => {
          const user = await db.users.create(checked(fields))
          await db.tapri_passwords.create({ user: user.id, hash })
          return { user, token: await sessions.start(db, { user: user.id, kind: 'cookie', agent }) }
        }),
      )
      await parts.adopt(context, token)
      log.event('auth.signed-up', { user: user.id })
      return user
    },
    async signIn(context, credentials) {
      const user = await check(context, credentials)
      await parts.adopt(context, await start(context, user.id, 'cookie'))
      return user
    },
    async signInForToken(context, credentials) {
      const user = await check(context, credentials)
      return { token: await start(context, user.id, 'bearer'), user }
    },
    signOut: (context) => parts.endSession(context),
  }
}

function agentOf(context: AuthContext): string | undefined {
  return context.request.headers['user-agent']
}

async function isTaken(db: AuthDb, email: string): Promise<boolean> {
  return (await db.users.count({ where: { email } })) > 0
}

/** Of those who sign up with one address at once the unique column lets one through; the others are told like any later one. */
async function orEmailTaken<T>(database: Database, email: string, create: () => Promise<T>): Promise<T> {
  try {
    return await create()
  } catch (cause) {
    const isDouble = cause instanceof TapriError && cause.code === 'TAPRI_DATA_NOT_UNIQUE'
    // another unique field of the app's users may be the double one
    if (isDouble && (await isTaken(authDb(database), email))) throw emailTaken(email)
    throw cause
  }
}

function emailTaken(email: string) {
  return authError('TAPRI_AUTH_EMAIL_TAKEN', `Cannot sign up with "${email}": it has an account already, sign in instead`, {
    issues: [{ path: ['email'], message: 'has an account already' }],
  })
}

// The route has checked the values against the app's own fields, of which this room only knows the e-mail address.
function checked(fields: Readonly<Record<string, unknown>>): { email: string } {
  return fields as { email: string }
}
