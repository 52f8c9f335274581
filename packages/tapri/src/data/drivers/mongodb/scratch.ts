import { randomBytes } from 'node:crypto'
import type { Scratch } from '../scratch.ts'
import { openServer } from './server.ts'
import { readUrl } from './url.ts'

/** A database of its own on the server that the URL names. */
export async function scratchMongo(url: string): Promise<Scratch> {
  const name = `test_${randomBytes(8).toString('hex')}`
  const own = url.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/[^?]*/, `$1/${name}`)
  return {
    url: own,
    async dispose() {
      const server = await openServer(readUrl(own))
      try {
        await server.db.dropDatabase()
      } finally {
        await server.close()
      }
    },
  }
}
