import type { Columns, FullRow, Models } from '../data/types.ts'
import type { Controller, Route } from '../http/types.ts'
import type { Field, Id, Writes } from '../schema/index.ts'

/** The fields of `users` that a newcomer fills in; `pick` them, `email` among them. */
export type SignUpFields<M extends Models> = 'users' extends keyof M
  ? { readonly email: Field<any, any> } & { readonly [K in keyof Columns<M['users']>]?: Columns<M['users']>[K] }
  : never

type User<M extends Models> = 'users' extends keyof M & string ? FullRow<M, 'users'> : never
type UserId<M extends Models> = 'users' extends keyof M & string ? Id<'users'> : never

export interface Credentials {
  readonly email: string
  readonly password: string
}

export type AuthController<M extends Models, F> = Controller<{
  /** Makes the user and signs in. */
  readonly signUp: Route<'post', Writes<F> & { password: string }, User<M>, never>
  /** Sets the session cookie. */
  readonly signIn: Route<'post', Credentials, User<M>, never>
  readonly signOut: Route<'post', {}, void, never>
  /** A bearer token for programs; no cookie is set. */
  readonly token: Route<'post', Credentials, { readonly token: string; readonly user: User<M> }, never>
  /** The caller, null for a visitor. */
  readonly me: Route<'get', {}, User<M> | null, never>
}>

/** For an app's own ways of signing in. */
export interface AuthActions<M extends Models> {
  /** Starts a session of the user and sets its cookie on the answer. */
  startSession(user: UserId<M>): Promise<void>
  /** Ends the caller's session and clears its cookie. */
  endSession(): Promise<void>
  /** Ends every session and token of the user; answers how many there were. */
  endAllSessions(user: UserId<M>): Promise<number>
}
