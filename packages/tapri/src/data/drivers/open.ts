import { systemClock } from '../../kit/clock.ts'
import type { Driver, Surroundings } from '../driver.ts'
import { dataError } from '../errors.ts'
import { type DatabaseKind, kindOf } from './kind.ts'

type Open = (url: string, around: Surroundings) => Driver | Promise<Driver>

/** Each is loaded when it is asked for: an app has one database. */
const makers: Readonly<Record<DatabaseKind, () => Promise<Open>>> = {
  sqlite: async () => (await import('./sqlite/open.ts')).openSqlite,
  mongodb: async () => (await import('./mongodb/open.ts')).openMongo,
  postgres: async () => (await import('./postgres/open.ts')).openPostgres,
  mysql: async () => (await import('./mysql/open.ts')).openMysql,
}

/** For tools, that ask a driver and close it again. */
const alone: Surroundings = { clock: systemClock, fail: () => {} }

/** Opens the database that a URL names.
 * @throws TAPRI_DATA_URL, TAPRI_DATA_OPEN */
export async function openDriver(url: string, around: Surroundings = alone): Promise<Driver> {
  const scheme = /^([a-z][a-z0-9+]*):/.exec(url)?.[1]
  const kind = kindOf(scheme ?? '')
  if (kind !== undefined) return (await makers[kind]())(url, around)
  const forms = '"sqlite:data/app.db", "postgres://user:password@host/database", "mysql://…" or "mongodb://…"'
  throw dataError('TAPRI_DATA_URL', `Cannot open the database "${scheme ?? url}": its URL must be like ${forms}`)
}
