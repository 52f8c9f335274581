import type { IncomingMessage } from 'node:http'
import type { Reply } from '../http/index.ts'
import type { Caller } from './sessions.ts'

type User = Caller['user']

/** Where a handler of `authController` finds the service on its context. */
export const authService: unique symbol = Symbol('tapri.auth')

/** What this room needs of a request's context. */
export interface AuthContext {
  readonly request: IncomingMessage
  readonly reply: Reply
  /** The sender's address. */
  readonly ip: string
}

/** What the routes of `authController` do. */
export interface AuthService {
  /** Makes the user and starts a cookie session.
   * @throws TAPRI_AUTH_EMAIL_TAKEN, TAPRI_AUTH_TOO_MANY */
  signUp(context: AuthContext, values: Readonly<Record<string, unknown>>): Promise<User>
  /** Starts a cookie session.
   * @throws TAPRI_AUTH_WRONG, TAPRI_AUTH_TOO_MANY */
  signIn(context: AuthContext, credentials: Sent): Promise<User>
  /** Starts a session for a program.
   * @throws TAPRI_AUTH_WRONG, TAPRI_AUTH_TOO_MANY */
  signInForToken(context: AuthContext, credentials: Sent): Promise<{ token: string; user: User }>
  /** Ends the caller's session; a visitor has none to end. */
  signOut(context: AuthContext): Promise<void>
}

export interface Sent {
  readonly email: string
  readonly password: string
}
