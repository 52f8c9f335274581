import { systemClock } from '../../kit/clock.ts'
import type { Driver, Surroundings } from '../driver.ts'
import { dataError } from '../errors.ts'
import { openMongo } from './mongodb/open.ts'
import { openMysql } from './mysql/open.ts'
import { openPostgres } from './postgres/open.ts'
import { openSqlite } from './sqlite/open.ts'

const makers: Readonly<Record<string, (url: string, around: Surroundings) => Driver | Promise<Driver>>> = {
  sqlite: openSqlite,
  mongodb: openMongo,
  'mongodb+srv': openMongo,
  postgres: openPostgres,
  postgresql: openPostgres,
  mysql: openMysql,
  mariadb: openMysql,
}

/** For tools, that ask a driver and close it again. */
const alone: Surroundings = { clock: systemClock, fail: () => {} }

/** Opens the database that a URL names.
 * @throws TAPRI_DATA_URL, TAPRI_DATA_OPEN */
export async function openDriver(url: string, around: Surroundings = alone): Promise<Driver> {
  const scheme = /^([a-z][a-z0-9+]*):/.exec(url)?.[1]
  const open = makers[scheme ?? '']
  if (open !== undefined) return open(url, around)
  const forms = '"sqlite:data/app.db", "postgres://user:password@host/database", "mysql://…" or "mongodb://…"'
  throw dataError('TAPRI_DATA_URL', `Cannot open the database "${scheme ?? url}": its URL must be like ${forms}`)
}
