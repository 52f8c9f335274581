import type { IncomingMessage } from 'node:http'
import { readCookies } from '../http/index.ts'
import type { SessionCookie } from './cookie.ts'

export interface Credential {
  readonly kind: 'cookie' | 'bearer'
  readonly token: string
}

/** What a request shows of who it is from; a bearer token goes before a cookie. Null when it shows nothing. */
export function credentialOf(request: IncomingMessage, cookieOf: (request: IncomingMessage) => SessionCookie): Credential | null {
  const { authorization, cookie } = request.headers
  // another scheme (Basic, at a proxy) is not meant for us
  const bearer = authorization === undefined ? null : /^bearer(?: +(.*))?$/is.exec(authorization)
  if (bearer !== null) return { kind: 'bearer', token: bearer[1]?.trim() ?? '' }
  if (cookie === undefined) return null
  const token = readCookies(request)[cookieOf(request).name]
  // an empty cookie is one that a browser was slow to forget
  return token === undefined || token === '' ? null : { kind: 'cookie', token }
}
