import type { App } from '../app/types.ts'
import type { Token } from '../kit/protocol.ts'
import type { ChannelOptions } from './channel-types.ts'
import { type Connection, KnownConnection } from './connection.ts'
import { clientError } from './errors.ts'
import { LiveLoader } from './live-loader.ts'
import { ManifestLoader } from './manifest.ts'
import { method } from './method.ts'
import { type ClientOptions, readOptions, type Settings } from './options.ts'
import type { Parts } from './parts.ts'
import type { Client } from './types.ts'

type Input = Readonly<Record<string, unknown>>

const partsOf = new WeakMap<object, Parts>()

/**
 * A typed client of the app at `url`, its origin with its prefix; the types come from the app's own, nothing is generated.
 * @throws TAPRI_CLIENT_URL when the url cannot be called
 * @example const api = client<typeof app>('http://localhost:3000/api'); await api.videos.list({ page: 2 })
 */
export function client<A extends App<any, any>>(url: string, options: ClientOptions = {}): Client<A> {
  const parts = partsFor(readOptions(url, options))
  const made = named((name) =>
    named(
      (route) => method(parts, `${name}.${route}`),
      (params: Input = {}, options?: ChannelOptions) => parts.live.join(name, params, options),
    ),
  )
  partsOf.set(made, parts)
  return typed<Client<A>>(made)
}

function partsFor(settings: Settings): Parts {
  const connection = new KnownConnection(settings.clock)
  return { settings, connection, live: new LiveLoader(settings, connection), manifest: new ManifestLoader(settings) }
}

/** Resolves once every live frame that the server has sent so far has been handled; for tests. */
export async function sync(client: object): Promise<void> {
  await partsOf.get(client)?.live.sync()
}

/** Resolves once every live frame that the server sends for what was committed up to the token has been handled; for tests. */
export async function syncTo(client: object, at: Token): Promise<void> {
  await partsOf.get(client)?.live.sync(at)
}

/**
 * Ends every live subscription of a client and closes its socket, and gives up the optimistic calls that wait; calls go on
 * working.
 * @example closeClient(api)
 */
export function closeClient(client: object): void {
  partsOf.get(client)?.live.close()
}

/**
 * The line of a client's live answers: whether it is there, and since when.
 * @throws TAPRI_CLIENT_LIVE for what is not a client
 * @example connection(api).onChange(({ state, since }) => console.log(state, since))
 */
export function connection(client: object): Connection {
  const parts = partsOf.get(client)
  if (parts !== undefined) return parts.connection
  throw clientError('TAPRI_CLIENT_LIVE', 'Cannot tell of a connection: this is not what client() made')
}

/** An object, or a function, that makes what is behind a name when it is first asked for. */
function named(make: (name: string) => object, called: object = Object.freeze({})): object {
  const made = new Map<string, object>()
  return new Proxy(called, {
    get(_target, name) {
      // `then` would make a promise of it for `await`
      if (typeof name !== 'string' || name === 'then' || name === 'toJSON') return undefined
      const known = made.get(name) ?? make(name)
      made.set(name, known)
      return known
    },
  })
}

// The proxy answers to every name; which names there are is known to the app's type alone.
function typed<T>(value: object): T {
  return value as T
}
