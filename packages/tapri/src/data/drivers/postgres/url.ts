import { readServerUrl, type ServerUrl, wrongUrl } from '../sql/server-url.ts'

export interface PostgresUrl extends ServerUrl {
  readonly schema: string | undefined
  readonly application: string
}

const kind = {
  name: 'PostgreSQL',
  scheme: 'postgres',
  port: 5432,
  options: ['pool', 'schema', 'connect_timeout', 'statement_timeout', 'sslmode', 'sslrootcert', 'application_name'],
}

/** Reads `postgres://user:password@host:5432/database?pool=10&sslmode=verify-full`; timeouts are like `30s`.
 * @throws TAPRI_DATA_URL */
export function readUrl(text: string): PostgresUrl {
  const { place, url } = readServerUrl(text, kind)
  return { ...place, schema: schemaOf(url), application: url.searchParams.get('application_name') ?? 'tapri' }
}

function schemaOf(url: URL): string | undefined {
  const schema = url.searchParams.get('schema') ?? undefined
  if (schema === undefined || /^[a-z_][a-z0-9_]{0,62}$/.test(schema)) return schema
  throw wrongUrl(url, `schema is "${schema}", it must have only small letters, digits and "_"`)
}
