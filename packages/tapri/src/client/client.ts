import type { App } from '../app/types.ts'
import { refuse } from './answer.ts'
import { unlessAborted } from './deadline.ts'
import { LiveAnswers } from './live.ts'
import { ManifestLoader } from './manifest.ts'
import { type ClientOptions, readOptions, type Settings } from './options.ts'
import { receive } from './receive.ts'
import { hasCode } from './refusal.ts'
import { type OutgoingRequest, outgoing } from './request.ts'
import { send } from './send.ts'
import type { CallOptions, Client, LiveOptions } from './types.ts'

type Input = Readonly<Record<string, unknown>>

/** What stands behind a client, which itself has no names but those of the routes. */
interface Parts {
  readonly settings: Settings
  readonly manifest: ManifestLoader
  readonly live: LiveAnswers
}

const partsOf = new WeakMap<object, Parts>()

/**
 * A typed client of the app at `url`, its origin with its prefix; the types come from the app's own, nothing is generated.
 * @throws TAPRI_CLIENT_URL when the url cannot be called
 * @example const api = client<typeof app>('http://localhost:3000/api'); await api.videos.list({ page: 2 })
 */
export function client<A extends App<any, any>>(url: string, options: ClientOptions = {}): Client<A> {
  const settings = readOptions(url, options)
  const parts: Parts = { settings, manifest: new ManifestLoader(settings), live: new LiveAnswers(settings) }
  const made = named((controller) => named((route) => method(parts, `${controller}.${route}`)))
  partsOf.set(made, parts)
  return typed<Client<A>>(made)
}

/** Resolves once every live frame that the server has sent so far has been handled; for tests. */
export async function sync(client: object): Promise<void> {
  await partsOf.get(client)?.live.sync()
}

/**
 * Ends every live subscription of a client and closes its socket; calls go on working.
 * @example closeClient(api)
 */
export function closeClient(client: object): void {
  partsOf.get(client)?.live.close()
}

function method(parts: Parts, name: string) {
  const call = (input: Input = {}, options: CallOptions = {}) =>
    callRoute(parts, name, input, { options, read: (request, answer) => receive(parts.settings, request, answer, options) })
  const response = (input: Input = {}, options: CallOptions = {}) => callRoute(parts, name, input, { options, read: unread })
  const attempt = async (input: Input = {}, options: CallOptions = {}) => {
    try {
      return { ok: true, value: await call(input, options) }
    } catch (error) {
      if (hasCode(error) && error !== options.signal?.reason) return { ok: false, error }
      throw error
    }
  }
  const exists = async (input: Input = {}, options: CallOptions = {}) => {
    const isThere = await callRoute(parts, name, input, { options, read: readExistence, method: 'HEAD' })
    // why it was refused only a body tells
    return isThere ?? callRoute(parts, name, input, { options, read: confirm })
  }
  const live = (input: Input, onChange: (value: unknown) => void, options?: LiveOptions) =>
    parts.live.subscribe(name, withoutAbsent(input), onChange, options)
  return Object.assign(call, { response, try: attempt, exists, live })
}

interface Sending<T> {
  readonly options: CallOptions
  /** In place of the route's own. */
  readonly method?: string
  read(request: OutgoingRequest, answer: Response): Promise<T>
}

async function callRoute<T>({ settings, manifest, live }: Parts, name: string, input: Input, sending: Sending<T>): Promise<T> {
  const { options, method, read } = sending
  const route = await unlessAborted(manifest.route(name), options.signal)
  const request = outgoing(settings.base, name, route, input)
  return send(
    settings,
    method === undefined ? request : { ...request, method },
    async (sent, answer) => {
      try {
        return await read(sent, answer)
      } finally {
        // a refusal too may come after a session began or ended
        if (answer.headers.get('tapri-session') !== null) live.renew()
      }
    },
    options,
  )
}

async function unread(request: OutgoingRequest, answer: Response): Promise<Response> {
  await refuse(request, answer)
  return answer
}

async function readExistence(_request: OutgoingRequest, { ok, status }: Response): Promise<boolean | undefined> {
  if (ok) return true
  return status === 404 || status === 410 ? false : undefined
}

async function confirm(request: OutgoingRequest, answer: Response): Promise<boolean> {
  await refuse(request, answer)
  await answer.body?.cancel()
  return true
}

/** As in a query, null stands for absent. */
function withoutAbsent(input: Input = {}): Input {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined && value !== null))
}

/** An object that makes what is behind a name when it is first asked for. */
function named(make: (name: string) => object): object {
  const made = new Map<string, object>()
  return new Proxy(Object.freeze({}), {
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
