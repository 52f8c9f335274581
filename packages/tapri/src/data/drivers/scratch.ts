import { type DatabaseKind, kindOf } from './kind.ts'

/** An empty database that is gone afterwards. */
export interface Scratch {
  readonly url: string
  dispose(): Promise<void>
}

type Make = (url: string) => Promise<Scratch>

const makers: Readonly<Record<DatabaseKind, () => Promise<Make>>> = {
  sqlite: async () => async () => ({ url: 'sqlite::memory:', dispose: async () => {} }),
  mongodb: async () => (await import('./mongodb/scratch.ts')).scratchMongo,
  postgres: async () => (await import('./postgres/scratch.ts')).scratchPostgres,
  mysql: async () => (await import('./mysql/scratch.ts')).scratchMysql,
}

/** A place of a test's own beside what is in the database that a URL names; SQLite's is one in memory.
 * @example const scratch = await scratchDatabase('postgres://127.0.0.1/test') */
export async function scratchDatabase(url: string): Promise<Scratch> {
  return (await makers[kindOf(url.slice(0, url.indexOf(':'))) ?? 'sqlite']())(url)
}
