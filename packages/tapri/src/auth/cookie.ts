import type { IncomingMessage } from 'node:http'

/** The session cookie that suits one request. */
export interface SessionCookie {
  readonly name: '__Host-session' | 'session'
  readonly secure: boolean
}

/**
 * `__Host-session` with Secure wherever the browser may keep it: over https, behind a proxy that says https,
 * and in production on any host that is not this machine's own. Plain `session` is left for http in development
 * and for http://localhost, where Safari refuses Secure cookies. A forged X-Forwarded-Proto can only make
 * the cookie stricter, so it needs no trust. Only the name that suits the request is read, so that a
 * neighbouring subdomain cannot plant a plain `session` on a secure site.
 */
export function sessionCookie(
  request: IncomingMessage,
  options: { production: boolean; publicUrl?: string | null },
): SessionCookie {
  const secure =
    isEncrypted(request) ||
    options.publicUrl?.startsWith('https:') === true ||
    (options.production && !isLoopback(request.headers.host ?? ''))
  return secure ? { name: '__Host-session', secure } : { name: 'session', secure }
}

function isEncrypted(request: IncomingMessage): boolean {
  const forwarded = request.headers['x-forwarded-proto']
  const claimed = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(',', 1)[0]?.trim()
  return ('encrypted' in request.socket && request.socket.encrypted === true) || claimed === 'https' || claimed === 'wss'
}

function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '')
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name)
}
