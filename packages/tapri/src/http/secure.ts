import type { IncomingMessage } from 'node:http'

/** Whether a request came over TLS that ends here. Bun says of every connection whether it is encrypted. */
export function isEncrypted(request: IncomingMessage): boolean {
  return 'encrypted' in request.socket && request.socket.encrypted === true
}
