import { scratchMongo } from './mongodb/scratch.ts'
import { scratchMysql } from './mysql/scratch.ts'
import { scratchPostgres } from './postgres/scratch.ts'

/** An empty database that is gone afterwards. */
export interface Scratch {
  readonly url: string
  dispose(): Promise<void>
}

const makers: Readonly<Record<string, (url: string) => Promise<Scratch>>> = {
  mongodb: scratchMongo,
  'mongodb+srv': scratchMongo,
  postgres: scratchPostgres,
  postgresql: scratchPostgres,
  mysql: scratchMysql,
  mariadb: scratchMysql,
}

/** A place of a test's own beside what is in the database that a URL names; SQLite's is one in memory.
 * @example const scratch = await scratchDatabase('postgres://127.0.0.1/test') */
export async function scratchDatabase(url: string): Promise<Scratch> {
  const make = makers[url.slice(0, url.indexOf(':'))]
  return make === undefined ? { url: 'sqlite::memory:', dispose: async () => {} } : make(url)
}
