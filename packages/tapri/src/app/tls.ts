import { type HttpOptions, httpError } from '../http/index.ts'
import type { Settings } from './settings.ts'

/**
 * The files of TLS_KEY and TLS_CERT; nothing where neither is set.
 * @throws TAPRI_HTTP_TLS when only one of them is
 */
export function tlsFiles({ TLS_KEY: key, TLS_CERT: cert }: Settings): Pick<HttpOptions, 'tls'> {
  if (key === null && cert === null) return {}
  if (key !== null && cert !== null) return { tls: { key, cert } }
  const [there, missing] = key === null ? ['TLS_CERT', 'TLS_KEY'] : ['TLS_KEY', 'TLS_CERT']
  throw httpError('TAPRI_HTTP_TLS', `Cannot serve over TLS: ${there} is set and ${missing} is not; set both, or neither`)
}
