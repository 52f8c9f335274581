import type { IncomingMessage } from 'node:http'

/** Whether a request came over TLS that ends here. Bun says of every connection whether it is encrypted. */
export function isEncrypted(request: IncomingMessage): boolean {
  return 'encrypted' in request.socket && request.socket.encrypted === true
}

/**
 * Whether a cookie can be `__Host-` and Secure: over https, behind a proxy that says https, and in production on any host
 * that is not this machine's own. The rest is http in development, and http://localhost, where Safari refuses Secure
 * cookies. A forged X-Forwarded-Proto can only make the cookie stricter, so it needs no trust.
 */
export function suitsSecureCookie(
  request: IncomingMessage,
  { production, publicUrl }: { readonly production: boolean; readonly publicUrl?: string | null | undefined },
): boolean {
  return (
    isEncrypted(request) ||
    saysEncrypted(request) ||
    publicUrl?.startsWith('https:') === true ||
    (production && !isLoopback(request.headers.host ?? ''))
  )
}

function saysEncrypted(request: IncomingMessage): boolean {
  const forwarded = request.headers['x-forwarded-proto']
  const claimed = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(',', 1)[0]?.trim()
  return claimed === 'https' || claimed === 'wss'
}

function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '')
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name)
}
