import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { pg } from './sdk.ts'
import type { PostgresUrl } from './url.ts'

/** How the package is told to connect to what a URL names: who it is, TLS, how long it may take, and the schema. */
export function connectionSettings(url: PostgresUrl): pg.ClientConfig {
  const path = url.schema === undefined ? '' : ` -c search_path=${url.schema}`
  return {
    host: url.host,
    port: url.port,
    database: url.database,
    ...(url.user !== undefined && { user: url.user }),
    ...(url.password !== undefined && { password: url.password }),
    application_name: url.application,
    connectionTimeoutMillis: url.connectTimeout,
    statement_timeout: url.statementTimeout,
    keepAlive: true,
    options: `-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1${path}`,
    ssl: tlsOf(url),
  }
}

/** As libpq means them: `require` hides what is sent, `verify-full` also proves who receives it. */
function tlsOf({ sslmode, sslrootcert, host }: PostgresUrl): pg.ClientConfig['ssl'] {
  if (sslmode === 'disable') return false
  const ca = sslrootcert === undefined ? {} : { ca: readFileSync(sslrootcert, 'utf8') }
  const servername = isIP(host) === 0 ? { servername: host } : {}
  if (sslmode === 'require' && sslrootcert === undefined) return { rejectUnauthorized: false, ...servername }
  if (sslmode === 'verify-full') return { rejectUnauthorized: true, ...ca, ...servername }
  return { rejectUnauthorized: true, ...ca, ...servername, checkServerIdentity: () => undefined }
}
