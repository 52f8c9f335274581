import type { Driver } from '../driver.ts'
import { dataError } from '../errors.ts'
import { openPostgres } from './postgres/open.ts'
import { openSqlite } from './sqlite/open.ts'

const makers: Readonly<Record<string, (url: string) => Driver | Promise<Driver>>> = {
  sqlite: openSqlite,
  postgres: openPostgres,
  postgresql: openPostgres,
}

/** Opens the database that a URL names.
 * @throws TAPRI_DATA_URL, TAPRI_DATA_OPEN */
export async function openDriver(url: string): Promise<Driver> {
  const scheme = /^([a-z][a-z0-9+]*):/.exec(url)?.[1]
  const open = makers[scheme ?? '']
  if (open !== undefined) return open(url)
  const forms = '"sqlite:data/app.db" or "postgres://user:password@host/database"'
  throw dataError('TAPRI_DATA_URL', `Cannot open the database "${scheme ?? url}": its URL must be like ${forms}`)
}
