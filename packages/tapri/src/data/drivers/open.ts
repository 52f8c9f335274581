import type { Driver } from '../driver.ts'
import { dataError } from '../errors.ts'
import { openSqlite } from './sqlite/open.ts'

/** Opens the database that a URL names.
 * @throws TAPRI_DATA_URL, TAPRI_DATA_OPEN */
export async function openDriver(url: string): Promise<Driver> {
  const scheme = /^([a-z][a-z0-9+]*):/.exec(url)?.[1]
  if (scheme === 'sqlite') return openSqlite(url)
  throw dataError('TAPRI_DATA_URL', `Cannot open the database "${scheme ?? url}": its URL must be like "sqlite:data/app.db"`)
}
