import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { scratchDatabase } from '../drivers/scratch.ts'
import { type Database, type Models, openDatabase } from '../index.ts'

const servers: Readonly<Record<string, string | undefined>> = {
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
  MySQL: process.env.TEST_MYSQL_URL,
  MongoDB: process.env.TEST_MONGODB_URL,
}

/** One test on each kind of database that can be reached: SQLite in a file, and the servers of the environment. */
export function everywhere(claim: string, check: (url: string) => Promise<void>): void {
  test(`SQLite: ${claim}`, () => inFile(check))
  for (const [name, server] of Object.entries(servers)) {
    test(`${name}: ${claim}`, { skip: server === undefined && `set TEST_${name.toUpperCase()}_URL` }, async () => {
      const scratch = await scratchDatabase(server ?? '')
      try {
        await check(scratch.url)
      } finally {
        await scratch.dispose()
      }
    })
  }
}

/** Works with the URL of a database file that is gone afterwards. */
export async function inFile(work: (url: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  try {
    await work(`sqlite:${join(folder, 'app.db')}?synchronous=off`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export interface Visit {
  readonly url: string
  readonly models: Models
  readonly migrate?: 'auto' | 'refuse' | 'plan'
}

/** Opens, works, closes: like one run of an app. The models of each run are its own, so `db` has no types. */
export async function visit<T>(
  { url, models, migrate = 'auto' }: Visit,
  work: (db: any, database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ models, policies: [], url, migrate })
  try {
    return await work(database.asSystem, database)
  } finally {
    await database.close()
  }
}

export function summaries(steps: readonly { readonly summary: string }[]): string[] {
  return steps.map(({ summary }) => summary)
}
