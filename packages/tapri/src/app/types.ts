import type { AuthActions, AuthController, SignUpFields } from '../auth/types.ts'
import type { Db, FullRow, Models, Policy, PolicyRules, SystemDb } from '../data/types.ts'
import type {
  Controller,
  ControllerOptions,
  HttpContext,
  HttpOptions,
  Middleware,
  Mount,
  Route,
  RouteKit,
  ViewOptions,
} from '../http/index.ts'
import type { Log } from '../observe/index.ts'
import type { Fields, Reads } from '../schema/index.ts'

/** What every handler is given; take from it what you need. */
export type Context<M extends Models, S> = HttpContext & {
  /** The database as this caller may use it. */
  readonly db: Db<M>
  /** The signed-in user, null for a visitor. */
  readonly user: User<M> | null
  readonly auth: AuthActions<M>
  readonly settings: S
  readonly log: Log
  /** This moment by the app's clock, which tests drive. */
  readonly now: Date
}
export type User<M extends Models> = 'users' extends keyof M & string ? FullRow<M, 'users'> : never
export type MemberContext<M extends Models, S> = Omit<Context<M, S>, 'user'> & { readonly user: User<M> }

export interface Kit<M extends Models, S> {
  /** Routes anyone may call. */
  readonly visitor: RouteKit<Context<M, S>>
  /** Routes only a signed-in user may call; `user` is never null. */
  readonly member: RouteKit<MemberContext<M, S>>
  /** Runs around routes; `next` takes what it adds to their context. */
  middleware<Adds extends object = {}>(
    run: (context: Context<M, S>, next: (adds: Adds) => Promise<void>) => Promise<unknown>,
  ): Middleware<Adds>
  controller<const R extends Readonly<Record<string, Route<string, any, any>>>>(
    path: string,
    routes: R,
    options?: ControllerOptions,
  ): Controller<R>
  policy<const N extends keyof M & string>(model: N, rules: PolicyRules<M, N>): Policy
  /** Sign-up, sign-in, sign-out and who-am-I on the model `users`, as a controller. */
  auth<const F extends SignUpFields<M>>(options: { readonly signUp: F; readonly path?: string }): AuthController<M, F>
  app<const Cs extends Readonly<Record<string, Controller<any>>>>(parts: AppParts<Cs, M>): App<Cs, M>
}

export interface AppParts<Cs, M extends Models> {
  readonly controllers: Cs
  readonly policies: readonly Policy[]
  /** For the API's description at `/openapi.json`. */
  readonly title?: string
  readonly version?: string
  /** In front of every controller's path, `/api` unless told. */
  readonly prefix?: string
  /** Runs around every route of the app and around its files, outside of what controllers and routes use. */
  readonly use?: readonly Middleware<unknown>[]
  /** Whose pages may read answers, which proxies are believed, how much is taken in. */
  readonly http?: AppHttpOptions
  /** Templates that `reply.view` shows: EJS, Pug, Handlebars, Eta. */
  readonly views?: ViewOptions
  /** Apps of other frameworks by the path they are mounted at, as `fromExpress` and `fromFetch` make them. */
  readonly mounts?: Readonly<Record<string, Mount>>
  /** Folders of files to serve, by the path they are served at. */
  readonly folders?: Readonly<Record<string, Folder>>
  /** Runs once the database is ready and before the first request. */
  readonly onStart?: (context: { readonly db: SystemDb<M>; readonly log: Log }) => Promise<void> | void
}
export type AppHttpOptions = Pick<
  HttpOptions,
  'cors' | 'trustProxy' | 'trustedOrigins' | 'redirectHosts' | 'contentSecurityPolicy' | 'limits' | 'compress'
>
export interface Folder {
  /** Relative to the working directory. */
  readonly from: string
  /** Answered to a page request that no file matches, for single-page interfaces. */
  readonly fallback?: string
}

/** A whole app: a plain value until it is started. */
export interface App<Cs, M extends Models> {
  readonly '~controllers': Cs
  readonly '~models': M
  /** What the app is made of, for tools. */
  readonly description: AppDescription
  /** Reads the settings, opens the database and the files, listens; SIGTERM and SIGINT stop it.
   * @throws TAPRI_CONFIG_INVALID, TAPRI_HTTP_PORT_IN_USE and what the rooms throw */
  start(options?: StartOptions): Promise<RunningApp>
}

export interface AppDescription {
  readonly models: Models
  readonly settings: Fields
  readonly parts: AppParts<Readonly<Record<string, Controller<any>>>, any>
}

export interface StartOptions {
  readonly port?: number
  readonly host?: string
}

export interface RunningApp {
  readonly url: string
  /** Lets requests in flight finish, then closes everything. */
  stop(): Promise<void>
}

export type SettingsOf<F extends Fields> = Reads<F>
