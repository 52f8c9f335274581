import {
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { ReadableOptions } from 'node:stream'

/** A request over HTTP/2 that says its host where one over HTTP/1.1 does, and no pseudo-headers among its raw ones. */
export class Http2Request extends Http2ServerRequest {
  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: ReadableOptions, rawHeaders: readonly string[]) {
    const authority = headers[':authority']
    super(stream, headers, options, plainHeaders(rawHeaders, authority))
    headers.host ??= authority
  }
}

/** RFC 9113 8.3.1: a Host beside an :authority must say the same; two that differ stay two, which is refused. */
function plainHeaders(raw: readonly string[], authority: string | undefined): string[] {
  const plain: string[] = []
  let isNamed = authority === undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    if (name.startsWith(':')) continue
    plain.push(name, value)
    if (name === 'host' && value === authority) isNamed = true
  }
  if (!isNamed && authority !== undefined) plain.push('host', authority)
  return plain
}

/** An answer over HTTP/2 that knows, as one over HTTP/1.1 does, whether its caller has left. */
export class Http2Response extends Http2ServerResponse {
  constructor(stream: ServerHttp2Stream) {
    super(stream)
    Object.defineProperties(this, {
      destroyed: { get: () => stream.destroyed },
      // node ends a stream that its caller has aborted, as if the answer had been sent
      writableFinished: { get: () => stream.writableFinished && !stream.aborted },
    })
  }
}

/** The HTTP/2 connections of one server: those on which nothing moves end, and all of them when it stops. */
export class Http2Sessions {
  readonly #open = new Set<ServerHttp2Session>()
  readonly #idle: number
  #isClosing = false

  /** `idle`: milliseconds without a byte in either direction. */
  constructor(idle: number) {
    this.#idle = idle
  }

  add(session: ServerHttp2Session): void {
    this.#open.add(session)
    session.once('close', () => this.#open.delete(session))
    // Nobody is answered any more on a broken connection; unheard the error would end the process
    session.on('error', () => session.destroy())
    session.setTimeout(this.#idle, () => session.close())
    if (this.#isClosing) session.close()
  }

  /** Takes no more requests; those that were begun are answered. */
  close(): void {
    this.#isClosing = true
    for (const session of this.#open) session.close()
  }
}
