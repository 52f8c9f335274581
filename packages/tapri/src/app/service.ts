import type { Cache } from '../cache/types.ts'
import type { Models, SystemDb } from '../data/types.ts'
import type { Clock } from '../kit/clock.ts'
import type { ChannelOpener } from '../live/index.ts'
import type { Log } from '../observe/index.ts'
import type { Fields, Reads } from '../schema/index.ts'

/** Something that an app starts once and gives to whoever names it: a mailer, a cache, a connection to another system. */
export interface Service<N extends string, T> {
  readonly '~made': T
  readonly name: N
  readonly definition: ServiceDefinition
}
export type AnyService = Service<string, any>

export interface ServiceDefinition {
  readonly uses: readonly AnyService[]
  readonly settings: Fields
  readonly models: Models
  make(context: ServiceContext<any, any, any>): unknown
  readonly dispose: ((made: any) => Promise<void> | void) | undefined
}

/** What a service is made from. */
export interface ServiceContext<Sv, S, M extends Models> {
  /** Those that it `uses`, started already. */
  readonly services: Sv
  /** Its own settings, as it declares them. */
  readonly settings: S
  /** The models that it names, whatever their policies say. */
  readonly db: SystemDb<M>
  /** Opens a channel once the app is up, to say something there or to see who is there. */
  readonly channel: ChannelOpener
  /** The app's cache. */
  readonly cache: Cache
  readonly log: Log
  /** The app's clock, which tests drive. */
  readonly clock: Clock
}

export interface ServiceOptions<T, U, F, M> {
  /** Services that it is made from; they are started before it. */
  readonly uses?: U
  /** Settings that it needs, read from the environment and `.env` with the app's own. */
  readonly settings?: F
  /** Models that it works on as nobody in particular. */
  readonly models?: M
  /** Ends it when the app stops, or does not come up after all; without it `Symbol.asyncDispose` or `Symbol.dispose`
   * of what was made is called. */
  readonly dispose?: (made: T) => Promise<void> | void
}

/** Services by their names. */
export type ServicesOf<U extends readonly AnyService[]> = { readonly [K in U[number] as K['name']]: K['~made'] }

/**
 * Declares something that the app starts once, before its first request, and ends when it stops.
 * @example const mailer = service('mailer', ({ settings }) => openMailer(settings.MAIL_URL), { settings: { MAIL_URL: url() } })
 */
export function service<
  const N extends string,
  T,
  const U extends readonly AnyService[] = readonly [],
  const F extends Fields = {},
  const M extends Models = {},
>(
  name: N,
  make: (context: ServiceContext<ServicesOf<U>, Reads<F>, M>) => Promise<T> | T,
  options: ServiceOptions<T, U, F, M> = {},
): Service<N, T> {
  const { uses = [], settings = {}, models = {}, dispose } = options
  return typed<Service<N, T>>({ name, definition: { uses, settings, models, make, dispose } })
}

// The key `~made` exists in types only.
function typed<Whole>(real: object): Whole {
  return real as Whole
}
