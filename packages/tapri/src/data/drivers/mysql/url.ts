import { readServerUrl, type ServerUrl } from '../../../kit/server-url.ts'
import { urlReader } from '../sql/url-reader.ts'

export type MysqlUrl = ServerUrl

const kind = {
  name: 'MySQL',
  scheme: 'mysql',
  port: 3306,
  options: ['pool', 'connect_timeout', 'statement_timeout', 'sslmode', 'sslrootcert', 'capture'],
}

/** Reads `mysql://user:password@host:3306/database?pool=10&sslmode=verify-full`; timeouts are like `30s`.
 * @throws TAPRI_DATA_URL */
export function readUrl(text: string): MysqlUrl {
  return readServerUrl(text, kind, urlReader).place
}
