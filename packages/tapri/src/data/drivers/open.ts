import { systemClock } from '../../kit/clock.ts'
import type { Driver, Surroundings } from '../driver.ts'
import { dataError } from '../errors.ts'

type Open = (url: string, around: Surroundings) => Driver | Promise<Driver>

const mongo = async () => (await import('./mongodb/open.ts')).openMongo
const mysql = async () => (await import('./mysql/open.ts')).openMysql
const postgres = async () => (await import('./postgres/open.ts')).openPostgres

/** Each is loaded when it is asked for: an app has one database. */
const makers: Readonly<Record<string, () => Promise<Open>>> = {
  sqlite: async () => (await import('./sqlite/open.ts')).openSqlite,
  mongodb: mongo,
  'mongodb+srv': mongo,
  postgres,
  postgresql: postgres,
  mysql,
  mariadb: mysql,
}

/** For tools, that ask a driver and close it again. */
const alone: Surroundings = { clock: systemClock, fail: () => {} }

/** Opens the database that a URL names.
 * @throws TAPRI_DATA_URL, TAPRI_DATA_OPEN */
export async function openDriver(url: string, around: Surroundings = alone): Promise<Driver> {
  const scheme = /^([a-z][a-z0-9+]*):/.exec(url)?.[1]
  const load = makers[scheme ?? '']
  if (load !== undefined) return (await load())(url, around)
  const forms = '"sqlite:data/app.db", "postgres://user:password@host/database", "mysql://…" or "mongodb://…"'
  throw dataError('TAPRI_DATA_URL', `Cannot open the database "${scheme ?? url}": its URL must be like ${forms}`)
}
