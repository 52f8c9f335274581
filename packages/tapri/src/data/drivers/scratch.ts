/** An empty database that is gone afterwards. */
export interface Scratch {
  readonly url: string
  dispose(): Promise<void>
}

type Make = (url: string) => Promise<Scratch>

const mongo = async () => (await import('./mongodb/scratch.ts')).scratchMongo
const mysql = async () => (await import('./mysql/scratch.ts')).scratchMysql
const postgres = async () => (await import('./postgres/scratch.ts')).scratchPostgres

const makers: Readonly<Record<string, () => Promise<Make>>> = {
  mongodb: mongo,
  'mongodb+srv': mongo,
  postgres,
  postgresql: postgres,
  mysql,
  mariadb: mysql,
}

/** A place of a test's own beside what is in the database that a URL names; SQLite's is one in memory.
 * @example const scratch = await scratchDatabase('postgres://127.0.0.1/test') */
export async function scratchDatabase(url: string): Promise<Scratch> {
  const load = makers[url.slice(0, url.indexOf(':'))]
  return load === undefined ? { url: 'sqlite::memory:', dispose: async () => {} } : (await load())(url)
}
