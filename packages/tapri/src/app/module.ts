import type { Models, Policy, SystemDb } from '../data/types.ts'
import type { Controller, Middleware } from '../http/index.ts'
import type { ChannelOpener, Channels } from '../live/index.ts'
import type { Log } from '../observe/index.ts'
import type { Fields } from '../schema/index.ts'
import type { AnyService, ServicesOf } from './service.ts'

/** A feature of an app with models, routes and services of its own, of which others see what it exports. */
export interface Module<Cs, M extends Models, Sv, XM extends Models, XS> {
  readonly '~controllers': Cs
  readonly '~models': M
  readonly '~services': Sv
  readonly '~exports': { readonly models: XM; readonly services: XS }
  readonly name: string
  readonly kit: KitParts
  readonly parts: ModuleParts<Controllers, any, any, any>
}
export type AnyModule = Module<any, any, any, any, any>
export type Controllers = Readonly<Record<string, Controller<any>>>

/** What one call of `tapri()` declares: it tells what the routes, middleware and services made from it see. */
export interface KitParts {
  readonly models: Models
  readonly settings: Fields
  readonly services: readonly AnyService[]
  readonly uses: readonly AnyModule[]
}

/** What a module is made of, beside what its kit declares. */
export interface ModuleParts<Cs, M extends Models, S, Sv, XM = string, XS = string, Hs = Channels> {
  /** For error messages; no other module of the app may have it. */
  readonly name: string
  readonly controllers?: Cs
  /** Places where callers say things to each other, by name. */
  readonly channels?: Hs
  /** Who may read and write its models. */
  readonly policies?: readonly Policy[]
  /** Between the app's prefix and the paths of its controllers. */
  readonly prefix?: `/${string}`
  /** Runs around its routes, inside of what the app uses and outside of what controllers and routes use. */
  readonly use?: readonly Middleware<unknown>[]
  /** What modules that use this one see of it; everything else is its own. */
  readonly exports?: { readonly models?: readonly XM[]; readonly services?: readonly XS[] }
  /** Runs before the first request, after those of the modules that it uses. */
  readonly onStart?: (context: StartContext<M, S, Sv>) => Promise<void> | void
}

/** What work at the start of an app is given. */
export interface StartContext<M extends Models, S, Sv> {
  readonly db: SystemDb<M>
  readonly settings: S
  readonly services: Sv
  /** Opens a channel, to say something there or to see who is there. */
  readonly channel: ChannelOpener
  readonly log: Log
}

/** The models that a kit sees: its own and those that the modules it uses export. */
export type SeenModels<M extends Models, U extends readonly AnyModule[]> = U extends readonly [] ? M : M & Joined<U, 'models'>
export type SeenServices<S extends readonly AnyService[], U extends readonly AnyModule[]> = U extends readonly []
  ? ServicesOf<S>
  : ServicesOf<S> & Joined<U, 'services'>

type Joined<U extends readonly AnyModule[], Kind extends 'models' | 'services'> = U extends readonly [
  infer First extends AnyModule,
  ...infer Rest extends readonly AnyModule[],
]
  ? First['~exports'][Kind] & Joined<Rest, Kind>
  : {}

/** All that the modules have, exported or not: what the client, the tests and the app's start see. */
export type Whole<U extends readonly AnyModule[], Key extends '~controllers' | '~models' | '~services'> = U extends readonly [
  infer First extends AnyModule,
  ...infer Rest extends readonly AnyModule[],
]
  ? First[Key] & Whole<Rest, Key>
  : {}
