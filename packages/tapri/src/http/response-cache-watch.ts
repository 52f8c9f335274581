import type { IncomingMessage } from 'node:http'
import type { Exchange } from './exchange.ts'
import { viewRequest } from './request-view.ts'

/** What an answer may depend on: requests that have these alike share it. */
interface Alike {
  readonly headers: ReadonlySet<string>
  readonly url: string
}

/**
 * Runs what is inside of a cache and tells the first thing it looked at although two requests for its answer may differ in
 * it. What was read or handed out before, by middleware outside of the cache, hides nothing.
 */
export async function watch(
  exchange: Exchange,
  { context, alike, next }: { readonly context: object; readonly alike: Alike; readonly next: () => Promise<unknown> },
): Promise<{ readonly value: unknown; readonly difference: string | undefined }> {
  const view = viewRequest(exchange.request, alike)
  let added: string | undefined
  const note = (name: string) => {
    added ??= name
  }
  const parts = partsOf(exchange)
  // middleware of another part of the app has a context of its own
  const contexts = new Set([context, exchange.context])
  const covered = [...contexts].map((each) => cover(each, parts, note))
  const restore = readAnew(exchange, view.request)
  try {
    const value = await next()
    return { value, difference: view.difference() ?? added ?? exchange.personal }
  } finally {
    restore()
    for (const uncover of covered) uncover()
  }
}

/** Does something at once with the request as it came, although its answer is being made for a cache. */
export function unwatched<T>(exchange: Exchange, work: () => T): T {
  const restore = readAnew(exchange, exchange.arrived)
  try {
    return work()
  } finally {
    restore()
  }
}

/** Sets aside what was read of the request before, so that it is read again, from this one. */
function readAnew(exchange: Exchange, from: IncomingMessage): () => void {
  const { request, cookies, signedCookies } = exchange
  const set = (values: Pick<Exchange, 'request' | 'cookies' | 'signedCookies'>) => Object.assign(exchange, values)
  set({ request: from, cookies: undefined, signedCookies: undefined })
  return () => void set({ request, cookies, signedCookies })
}

/** The objects of a request that middleware may have added to the context. */
function partsOf({ request, arrived, cookies, signedCookies }: Exchange): ReadonlySet<unknown> {
  const { headers, headersDistinct, rawHeaders, socket } = arrived
  const parts = [request, request.headers, arrived, headers, headersDistinct, rawHeaders, socket, cookies, signedCookies]
  return new Set(parts.filter((part) => part !== undefined))
}

/** Notes when a part of the request is taken from the context, until what it answers is called. */
function cover(context: object, parts: ReadonlySet<unknown>, note: (name: string) => void): () => void {
  const before = Object.entries(Object.getOwnPropertyDescriptors(context)).filter(
    // an accessor is the cover of a cache outside of this one
    ([, { get, value, configurable }]) => configurable === true && (get !== undefined || isPart(value, parts)),
  )
  for (const [name, descriptor] of before) {
    const get = () => {
      note(name)
      return descriptor.get === undefined ? descriptor.value : descriptor.get.call(context)
    }
    const set = (value: unknown) =>
      void Object.defineProperty(context, name, { value, writable: true, enumerable: true, configurable: true })
    Object.defineProperty(context, name, { get, set, enumerable: true, configurable: true })
    covers.add(get)
  }
  return () => {
    for (const [name, descriptor] of before) {
      const { get } = Object.getOwnPropertyDescriptor(context, name) ?? {}
      if (get !== undefined && covers.has(get)) Object.defineProperty(context, name, descriptor)
    }
  }
}

const covers = new WeakSet<() => unknown>()

function isPart(value: unknown, parts: ReadonlySet<unknown>): boolean {
  if (typeof value !== 'object' || value === null) return false
  return isPartItself(value, parts) || (isPlain(value) && Object.values(value).some((each) => isPartItself(each, parts)))
}

function isPartItself(value: unknown, parts: ReadonlySet<unknown>): boolean {
  return parts.has(value) || value instanceof Request || value instanceof Headers
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
