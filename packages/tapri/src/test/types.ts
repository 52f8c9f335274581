import type { App, ChannelOpener } from '../app/index.ts'
import type { Client } from '../client/index.ts'
import type { Models, SystemDb } from '../data/index.ts'
import type { Log } from '../observe/index.ts'

/** A started app of a test's own, with clients for as many people as it needs. */
export interface TestApp<A extends App<any, any>> extends AsyncDisposable {
  /** The origin with the app's prefix, for requests by hand. */
  readonly url: string
  /** As the platform's, but without a network where the app needs no objects of Node: what the clients call. */
  readonly fetch: typeof fetch
  /** A client that has not signed in. */
  readonly guest: Client<A>
  /** The app's clock: it stands still until it is told to move. */
  readonly clock: TestClock
  /** Everything, whatever the policies say. */
  readonly db: A extends App<any, infer M extends Models> ? SystemDb<M> : never
  /** Opens a channel as the app's own code does. */
  readonly channel: ChannelOpener
  /** The app's services by name, those too that modules keep to themselves. */
  readonly services: A extends App<any, any, infer Services> ? Services : never
  /** Makes a user (its name is the address up to the `@`) and answers a client signed in as that user. */
  signUp(email: string, values?: Readonly<Record<string, unknown>>): Promise<Client<A>>
  /** A new bearer token of the user with that address. */
  token(email: string): Promise<string>
  /** A file that is of the type its name says, by its first bytes; 1,024 bytes unless told. */
  file(name: string, size?: number): File
  /** Waits until every live subscription shows every write so far; the clients' own writes do so by themselves. */
  settled(): Promise<void>
}

export interface TestOptions<A extends App<any, any>> {
  readonly settings?: Readonly<Record<string, string>>
  readonly log?: Log
  /** The URL of a server in which the test gets a database of its own. */
  readonly database?: string
  /** How many films are made ready for streaming at a time: none unless told. The clock that stands still is theirs too: moved by
   * minutes, it ends an encoder that seems to stand still. */
  readonly films?: number
  /** Stand in for services of these names: those are not started, and their settings need not be given. */
  readonly services?: A extends App<any, any, infer Services> ? { readonly [K in keyof Services]?: Services[K] } : never
}

export interface TestClock {
  /** Milliseconds since 1970 (UTC). */
  now(): number
  /** Moves time forward: `advance('1h')`, or milliseconds. */
  advance(duration: string | number): void
}
