import type { AuthActions, AuthController, SignUpFields } from '../auth/types.ts'
import type { Cache } from '../cache/types.ts'
import type { Db, FullRow, Models, Policy, PolicyRules } from '../data/types.ts'
import type { FileActions, SendBy } from '../files/types.ts'
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
import type { Channel, ChannelOpener, Channels } from '../live/index.ts'
import type { Log } from '../observe/index.ts'
import type { Fields, Uploaded } from '../schema/index.ts'
import type { AnyModule, Controllers, KitParts, Module, ModuleParts, StartContext, Whole } from './module.ts'

export type { Channel, Uploaded }

/** What every handler is given; take from it what you need. */
export type Context<M extends Models, S, Sv = {}> = HttpContext & {
  /** The database as this caller may use it. */
  readonly db: Db<M>
  /** The signed-in user, null for a visitor. */
  readonly user: User<M> | null
  readonly auth: AuthActions<M>
  readonly settings: S
  /** The services that this part of the app has, and those that it uses, by name. */
  readonly services: Sv
  /** Keeps what is dear to make; its tags are the names of models too. */
  readonly cache: Cache
  /** Opens a channel, to say something there or to see who is there. */
  readonly channel: ChannelOpener
  /** Signed URLs, and sizes of pictures that no field declares. */
  readonly files: FileActions
  readonly log: Log
  /** This moment by the app's clock, which tests drive. */
  readonly now: Date
}
export type User<M extends Models> = 'users' extends keyof M & string ? FullRow<M, 'users'> : never
export type MemberContext<M extends Models, S, Sv = {}> = Omit<Context<M, S, Sv>, 'user'> & { readonly user: User<M> }

/** `M` and `Sv` are the models and services that it sees, `Own` and `OwnSv` those among them that are its own. */
export interface Kit<M extends Models, S, Sv = {}, Own extends Models = M, OwnSv = Sv> {
  /** Routes anyone may call. */
  readonly visitor: RouteKit<Context<M, S, Sv>>
  /** Routes only a signed-in user may call; `user` is never null. */
  readonly member: RouteKit<MemberContext<M, S, Sv>>
  /** Runs around routes; `next` takes what it adds to their context. It sees what this kit sees, whatever it runs around. */
  middleware<Adds extends object = {}>(
    run: (context: Context<M, S, Sv>, next: (adds: Adds) => Promise<void>) => Promise<unknown>,
  ): Middleware<Adds>
  controller<const R extends Readonly<Record<string, Route<string, any, any>>>>(
    path: string,
    routes: R,
    options?: ControllerOptions,
  ): Controller<R>
  policy<const N extends keyof Own & keyof M & string>(model: N, rules: PolicyRules<M, N>): Policy
  /** Sign-up, sign-in, sign-out and who-am-I on the model `users`, as a controller. */
  auth<const F extends SignUpFields<M>>(options: { readonly signUp: F; readonly path?: string }): AuthController<M, F>
  app<const Cs extends Controllers, const Ms extends readonly AnyModule[] = readonly [], const Hs extends Channels = {}>(
    parts: AppParts<Cs, M, S, Sv, Ms, Hs>,
  ): App<Cs & Hs & Whole<Ms, '~controllers'>, Own & Whole<Ms, '~models'>, OwnSv & Whole<Ms, '~services'>>
  /** A feature that apps and other modules take up whole; what it does not export nobody else sees. */
  module<
    const Cs extends Controllers = {},
    const XM extends keyof Own & string = never,
    const XS extends keyof OwnSv & string = never,
    const Hs extends Channels = {},
  >(parts: ModuleParts<Cs, M, S, Sv, XM, XS, Hs>): Module<Cs & Hs, Own, OwnSv, Pick<Own, XM>, Pick<OwnSv, XS>>
}

export interface AppParts<Cs, M extends Models, S = any, Sv = any, Ms = readonly AnyModule[], Hs = Channels> {
  readonly controllers: Cs
  /** Places where callers say things to each other, by name; what `channel` makes. */
  readonly channels?: Hs
  /** Features with models, routes and services of their own. */
  readonly modules?: Ms
  readonly policies: readonly Policy[]
  /** For the API's description at `/openapi.json`. */
  readonly title?: string
  readonly version?: string
  /** What the API is for, in Markdown; in its description too. */
  readonly description?: string
  /** Whether `/reference` shows the API to people: in development, unless told. */
  readonly reference?: boolean
  /** In front of every controller's path, `/api` unless told. */
  readonly prefix?: string
  /** Runs around every route of the app and around its files, outside of what controllers and routes use. */
  readonly use?: readonly Middleware<unknown>[]
  /** Whose pages may read answers, which proxies are believed, how much is taken in. */
  readonly http?: AppHttpOptions
  /** How much users may keep, and how many uploads they may have on their way. */
  readonly files?: AppFileOptions<User<M>>
  /** Templates that `reply.view` shows: EJS, Pug, Handlebars, Eta. */
  readonly views?: ViewOptions
  /** Apps of other frameworks by the path they are mounted at, as `fromExpress` and `fromFetch` make them. */
  readonly mounts?: Readonly<Record<string, Mount>>
  /** Folders of files to serve, by the path they are served at. */
  readonly folders?: Readonly<Record<string, Folder>>
  /** Runs once the database and the services are ready, after those of the modules, and before the first request. */
  readonly onStart?: (context: StartContext<M, S, Sv>) => Promise<void> | void
}
export type AppHttpOptions = Pick<
  HttpOptions,
  'cors' | 'trustProxy' | 'trustedOrigins' | 'hosts' | 'redirectHosts' | 'contentSecurityPolicy' | 'compress' | 'http2' | 'server'
> & {
  /** `body`: as `1mb`, of a body that is read into memory; `sockets`: live ones open at once from one address, 1,000 unless told. */
  readonly limits?: HttpOptions['limits'] & { readonly sockets?: number }
}
export interface AppFileOptions<U = any> {
  /** What the files of a user's rows and those on their way may have in all: bytes, a text like `10gb`, null for any amount. */
  readonly quota?: (user: U) => number | string | null | Promise<number | string | null>
  /** Uploads that a user, or a visitor's address, may have unfinished or unused at once: 100 unless told. */
  readonly uploadsAtOnce?: number
  /** How long an upload waits to be gone on with, or to be given to a row: `1d` unless told. */
  readonly uploadsFor?: number | string
  /** How many films each process makes ready for streaming at a time: 1 unless told, and none with 0. */
  readonly films?: { readonly atOnce: number }
  /** Who sends the bytes of files: this process, unless told. */
  readonly sendBy?: SendBy
  /** How many encoders may send live to each process at once: 50 unless told. */
  readonly streamsAtOnce?: number
}
export interface Folder {
  /** Relative to the working directory. */
  readonly from: string
  /** Answered to a page request that no file matches, for single-page interfaces. */
  readonly fallback?: string
}

/** A whole app: a plain value until it is started. */
export interface App<Cs, M extends Models, Sv = any> {
  readonly '~controllers': Cs
  readonly '~models': M
  readonly '~services': Sv
  /** What the app is made of, for tools. */
  readonly description: AppDescription
  /** Reads the settings, opens the database and the files, listens; SIGTERM and SIGINT stop it.
   * @throws TAPRI_CONFIG_INVALID, TAPRI_HTTP_PORT_IN_USE and what the rooms throw */
  start(options?: StartOptions): Promise<RunningApp>
}

export interface AppDescription {
  /** Of the app and of all its modules. */
  readonly models: Models
  /** Of the app, its modules and their services. */
  readonly settings: Fields
  /** What the app's own kit declares. */
  readonly kit: KitParts
  readonly parts: AppParts<Controllers, any>
}

export interface StartOptions {
  readonly port?: number
  readonly host?: string
}

export interface RunningApp {
  readonly url: string
  /** Opens a channel, to say something there or to see who is there. */
  readonly channel: ChannelOpener
  /** Lets requests in flight finish, then closes everything. */
  stop(): Promise<void>
}
