import { randomBytes } from 'node:crypto'
import type { Scratch } from '../scratch.ts'
import { openServer } from './server.ts'
import { readUrl } from './url.ts'

/** A schema of its own in the database that the URL names. */
export async function scratchPostgres(url: string): Promise<Scratch> {
  const place = new URL(url)
  const schema = `test_${randomBytes(8).toString('hex')}`
  place.searchParams.set('schema', schema)
  return {
    url: place.href,
    async dispose() {
      const server = await openServer(readUrl(url))
      try {
        await server.rows({ sql: `drop schema if exists ${schema} cascade`, parameters: [] })
      } finally {
        await server.close()
      }
    },
  }
}
