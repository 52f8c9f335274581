import { readServerUrl, type ServerUrl, type UrlReader } from '../kit/server-url.ts'

export interface PostgresUrl extends ServerUrl {
  readonly schema: string | undefined
  readonly application: string
}

const kind = {
  name: 'PostgreSQL',
  scheme: 'postgres',
  port: 5432,
  options: ['pool', 'schema', 'connect_timeout', 'statement_timeout', 'sslmode', 'sslrootcert', 'application_name', 'capture'],
}

/**
 * Reads `postgres://user:password@host:5432/database?pool=10&sslmode=verify-full`; timeouts are like `30s`.
 * @throws what the reader refuses with
 * @example readPostgresUrl('postgres://ann@localhost/tube', { opens: 'bus', refuse }).port // 5432
 */
export function readPostgresUrl(text: string, reader: UrlReader): PostgresUrl {
  const { place, options, wrong } = readServerUrl(text, kind, reader)
  const schema = options.get('schema') ?? undefined
  if (schema !== undefined && !/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw wrong(`schema is "${schema}", it must have only small letters, digits and "_"`)
  }
  return { ...place, schema, application: options.get('application_name') ?? 'tapri' }
}
