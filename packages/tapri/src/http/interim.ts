import { ServerResponse } from 'node:http'
import { exchangeOf } from './context.ts'

/**
 * Sends an informational answer (RFC 9110 15.2) ahead of the final one. It tells nothing that the final one does not: where it
 * cannot be sent, or not yet, it is left out. Answers whether it was sent.
 * @example sendInterim(context, 104, 'Upload Resumption Supported', { Location: '/api/uploads/7' })
 */
export function sendInterim(context: object, status: number, reason: string, headers: Readonly<Record<string, string>>): boolean {
  const { request, response } = exchangeOf(context)
  if (response.headersSent || response.destroyed) return false
  const stream: unknown = Reflect.get(response, 'stream')
  if (request.httpVersionMajor === 2) return sendOnStream(stream, status, headers)
  // an answer has no socket while others are in front of it
  if (!(response instanceof ServerResponse) || response.socket === null || request.httpVersion !== '1.1') return false
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  response.socket.write(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`)
  return true
}

/** RFC 9113 8.1: a block of headers of its own. */
function sendOnStream(stream: unknown, status: number, headers: Readonly<Record<string, string>>): boolean {
  if (typeof stream !== 'object' || stream === null || !('additionalHeaders' in stream)) return false
  if (typeof stream.additionalHeaders !== 'function') return false
  stream.additionalHeaders({ ':status': status, ...headers })
  return true
}
