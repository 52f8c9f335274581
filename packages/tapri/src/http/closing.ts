import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const closing = new WeakSet<Socket>()

/** The answer to this request is the last of its connection. */
export function closeAfter(request: IncomingMessage): void {
  closing.add(request.socket)
}

/**
 * Whether a request came behind one whose answer is the last: RFC 9112 9.6 wants it ignored, for it may be the body of that
 * one, read wrongly. An answer has no socket while others are in front of it.
 */
export function isBehindLast(request: IncomingMessage, response: ServerResponse): boolean {
  return response.socket === null && closing.has(request.socket)
}
