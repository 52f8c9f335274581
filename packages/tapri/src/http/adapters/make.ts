import { createServer, type Server, type ServerOptions } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { readCertificate, type TlsFiles, unusable } from './certificate.ts'
import { Http2Request, Http2Response } from './http2.ts'

export interface Transport {
  /** Absent, connections are in the clear. */
  readonly tls?: TlsFiles | undefined
  /** Offers HTTP/2 beside HTTP/1.1 to who comes over TLS. */
  readonly http2?: boolean | undefined
}

/** Milliseconds that a handshake may take: as long as headers may. */
const handshakeTimeout = 10_000

const http2Options = {
  allowHTTP1: true,
  Http2ServerRequest: Http2Request,
  Http2ServerResponse: Http2Response,
  // More at once on one connection have to wait for each other
  settings: { maxConcurrentStreams: 100, maxHeaderListSize: 16_384 },
}

/**
 * The server of node that speaks what is asked for; nothing listens yet.
 * @throws TAPRI_HTTP_TLS
 */
export function makeServer(options: ServerOptions, { tls, http2 }: Transport): Server {
  if (tls === undefined) return createServer(options)
  const secure = { ...options, handshakeTimeout, ...readCertificate(tls) }
  try {
    return http2 === true ? asServer(createSecureServer({ ...secure, ...http2Options })) : createTlsServer(secure)
  } catch (cause) {
    throw unusable(tls, cause)
  }
}

// With allowHTTP1 it has the methods, settings and events of http.Server that we use, and gives requests of either protocol.
function asServer(server: unknown): Server {
  return server as Server
}
