import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server, type ServerOptions } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { httpError } from '../errors.ts'
import { Http2Request, Http2Response } from './http2.ts'

/** A private key and its certificate with those that vouch for it, as PEM files. */
export interface TlsFiles {
  readonly key: string
  readonly cert: string
}

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
  const secure = { ...options, handshakeTimeout, key: pemFile(tls.key, 'key'), cert: pemFile(tls.cert, 'certificate') }
  try {
    // Bun and Deno would tell no one before the first handshake
    if (!new X509Certificate(secure.cert).checkPrivateKey(createPrivateKey(secure.key))) throw new Error('they are of two pairs')
    return http2 === true ? asServer(createSecureServer({ ...secure, ...http2Options })) : createTlsServer(secure)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw tlsError(`the key "${tls.key}" and the certificate "${tls.cert}" do not do: ${why}`, cause)
  }
}

function pemFile(path: string, what: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw tlsError(`the ${what} "${path}" cannot be read (${why})`, cause)
  }
}

function tlsError(why: string, cause: unknown) {
  return httpError(
    'TAPRI_HTTP_TLS',
    `Cannot serve over TLS: ${why}; set TLS_KEY and TLS_CERT to PEM files that belong together`,
    {
      cause,
    },
  )
}

// With allowHTTP1 it has the methods, settings and events of http.Server that we use, and gives requests of either protocol.
function asServer(server: unknown): Server {
  return server as Server
}
