import type { IncomingMessage } from 'node:http'
import { impersonal } from '../kit/impersonal.ts'

/** What every request for the same answer has alike, or what says nothing about who sent it. */
const shared: ReadonlySet<PropertyKey> = new Set([...impersonal, 'httpVersionMajor', 'httpVersionMinor'])

export interface RequestView {
  readonly request: IncomingMessage
  /** The first thing that was looked at although two requests for the same answer may differ in it. */
  difference(): string | undefined
}

/**
 * A request for one run of a handler: notes whether its answer may depend on more than `headers`, which are named in small
 * letters, and on `url`, the one spelling that all requests for the answer share.
 */
export function viewRequest(
  request: IncomingMessage,
  alike: { readonly headers: ReadonlySet<string>; readonly url: string },
): RequestView {
  let difference: string | undefined
  const note = (what: string) => {
    difference ??= what
  }
  const headers = new Proxy(request.headers, {
    get(target, name) {
      if (typeof name === 'string' && !alike.headers.has(name)) note(name)
      return Reflect.get(target, name)
    },
    has(target, name) {
      if (typeof name === 'string' && !alike.headers.has(name)) note(name)
      return Reflect.has(target, name)
    },
    ownKeys(target) {
      note('all headers')
      return Reflect.ownKeys(target)
    },
    getOwnPropertyDescriptor(target, name) {
      if (typeof name === 'string' && !alike.headers.has(name)) note(name)
      return Reflect.getOwnPropertyDescriptor(target, name)
    },
  })
  const view = new Proxy(request, {
    get(target, property) {
      if (property === 'headers') return headers
      const isAlike = shared.has(property) || (property === 'url' && request.url === alike.url)
      if (!isAlike && typeof property === 'string') note(property)
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { request: view, difference: () => difference }
}
