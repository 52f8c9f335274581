import { type PostgresUrl, readPostgresUrl } from '../../../postgres/index.ts'
import { urlReader } from '../sql/url-reader.ts'

/** Reads the URL of a database on PostgreSQL.
 * @throws TAPRI_DATA_URL */
export function readUrl(text: string): PostgresUrl {
  return readPostgresUrl(text, urlReader)
}
