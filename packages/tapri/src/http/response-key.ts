import type { IncomingMessage } from 'node:http'
import { nameOf } from '../cache/index.ts'
import { readCookies } from './cookies.ts'
import type { Exchange } from './exchange.ts'
import { requestTarget, wantsWire } from './guard.ts'
import { pathSegments } from './path.ts'
import { parseQuery } from './query.ts'

/** Names of cookies by which some part of an app may know who calls: ours, and those of others. */
const credentialCookie = /sess|sid|auth|token|jwt|login|user|remember/i

/** Whether the request says who it is from, truly or not. */
export function hasCredentials(request: IncomingMessage): boolean {
  const { authorization, cookie } = request.headers
  if (authorization !== undefined) return true
  return cookie !== undefined && Object.keys(readCookies(request)).some((name) => credentialCookie.test(name))
}

/** The one spelling of a URL: each segment and each pair of the query escaped alike, the pairs in the order of their names. */
export function canonicalUrl({ request, search }: Exchange): string {
  const [path = ''] = requestTarget(request).split('?', 1)
  const plain = `/${pathSegments(path).map(encodeURIComponent).join('/')}`
  const query = parseQuery(search)
  const pairs = Object.keys(query)
    .sort()
    .flatMap((name) => [query[name] ?? []].flat().map((value) => [name, value]))
  return pairs.length === 0 ? plain : `${plain}?${new URLSearchParams(pairs)}`
}

interface KeyParts {
  readonly url: string
  readonly vary: readonly string[]
  /** The id of the caller whose answer it is; everybody's when empty. */
  readonly account: string
  /** What the app adds. */
  readonly key: string | readonly string[]
}

/** The name of an answer in the store: all that it may depend on. */
export function responseName({ request, flags }: Exchange, { url, vary, account, key }: KeyParts): string {
  const form = (flags & wantsWire) === 0 ? 'plain' : 'wire'
  const values = vary.map((name) => String(request.headers[name] ?? ''))
  const parts = [
    request.method ?? '',
    (request.headers.host ?? '').toLowerCase(),
    url,
    form,
    account,
    JSON.stringify(key),
    ...values,
  ]
  return `response ${nameOf(parts)}`
}
