import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { isIncoming } from './adapters/incoming.ts'
import { requestTarget } from './guard.ts'
import { isEncrypted } from './secure.ts'
import { disconnectSignal } from './signal.ts'

/**
 * A request as the web platform knows it. Its body is the one that came, for whoever reads it first; `bytes` stand for it
 * where it has been read.
 */
export function webRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, target = requestTarget(request) }: { readonly bytes?: Uint8Array | undefined; readonly target?: string } = {},
): Request {
  const scheme = isEncrypted(request) ? 'https' : 'http'
  const method = request.method ?? 'GET'
  const headers = new Headers()
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    headers.append(request.rawHeaders[index] ?? '', request.rawHeaders[index + 1] ?? '')
  }
  const url = `${scheme}://${request.headers.host ?? 'localhost'}${target}`
  const signal = disconnectSignal(response)
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
  // a body that is still to come is only taken with this, which the types of Node do not know
  const streamed = { duplex: 'half' }
  return new Request(url, { method, headers, signal, body: bodyOf(request, bytes), ...streamed })
}

// Node's own types of web streams and those of the platform name the same objects.
function bodyOf(request: IncomingMessage, bytes: Uint8Array | undefined): BodyInit {
  const body: unknown = bytes ?? (isIncoming(request) ? request.native.body : Readable.toWeb(request))
  return body as BodyInit
}
