import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../observe/index.ts'
import { httpError } from '../errors.ts'

/** A private key and its certificate with those that vouch for it, as PEM files. */
export interface TlsFiles {
  readonly key: string
  readonly cert: string
}

/** What is in them. */
export interface Certificate {
  readonly key: Buffer
  readonly cert: Buffer
}

/** Milliseconds between two looks at the files. */
const interval = 10_000

/**
 * Reads a key and its certificate.
 * @throws TAPRI_HTTP_TLS when they cannot be read or do not belong together
 * @example createServer(readCertificate({ key: 'key.pem', cert: 'cert.pem' }))
 */
export function readCertificate(files: TlsFiles): Certificate {
  const key = pemFile(files.key, 'key')
  const cert = pemFile(files.cert, 'certificate')
  try {
    // Bun and Deno would tell no one before the first handshake
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('they are of two pairs')
  } catch (cause) {
    throw unusable(files, cause)
  }
  return { key, cert }
}

/** The error for a key and a certificate that TLS does not take. */
export function unusable({ key, cert }: TlsFiles, cause: unknown) {
  const why = cause instanceof Error ? cause.message : String(cause)
  return tlsError(`the key "${key}" and the certificate "${cert}" do not do: ${why}`, cause)
}

/**
 * Looks every ten seconds whether the files have changed and gives what is new to `take`, for the connections that come
 * then; files that do not belong together, as while they are being written, change nothing. The answer ends it.
 * @example const stop = followCertificate(files, { clock, log, take: (certificate) => server.setSecureContext(certificate) })
 */
export function followCertificate(
  files: TlsFiles,
  { clock, log, take }: { readonly clock: Clock; readonly log: Log; take(certificate: Certificate): void },
): () => void {
  let seen = stamp(files)
  let cancel = clock.after(interval, look)
  return () => cancel()

  function look(): void {
    cancel = clock.after(interval, look)
    const now = stamp(files)
    if (now === seen) return
    seen = now
    try {
      const certificate = readCertificate(files)
      take(certificate)
      log.event('http.certificate.renewed', { cert: files.cert, until: new X509Certificate(certificate.cert).validTo })
    } catch (error) {
      log.event('http.certificate.refused', { error, instead: 'the one before is still used' }, 'warn')
    }
  }
}

/** Another one when a file is another, through links too, which is how Kubernetes and certbot replace them. */
function stamp({ key, cert }: TlsFiles): string {
  return [key, cert].map(stampOf).join()
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path)
    return [ino, size, mtimeMs, ctimeMs].join(' ')
  } catch {
    // why it cannot be seen is told when it is read
    return 'nothing'
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
  const cure = 'set TLS_KEY and TLS_CERT to PEM files that belong together'
  return httpError('TAPRI_HTTP_TLS', `Cannot serve over TLS: ${why}; ${cure}`, { cause })
}
