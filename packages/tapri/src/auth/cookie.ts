import type { IncomingMessage } from 'node:http'
import { suitsSecureCookie } from '../http/index.ts'

/** The session cookie that suits one request. */
export interface SessionCookie {
  readonly name: '__Host-session' | 'session'
  readonly secure: boolean
}

/**
 * `__Host-session` with Secure wherever the browser may keep it, else plain `session`. Only the name that suits the
 * request is read, so that a neighbouring subdomain cannot plant a plain `session` on a secure site.
 */
export function sessionCookie(
  request: IncomingMessage,
  options: { production: boolean; publicUrl?: string | null },
): SessionCookie {
  return suitsSecureCookie(request, options) ? { name: '__Host-session', secure: true } : { name: 'session', secure: false }
}
