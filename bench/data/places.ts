import { once } from 'node:events'
import { connect } from 'node:net'
import type { Arena } from './arena.ts'
import { mongoArena } from './mongodb.ts'
import { mysqlArena } from './mysql.ts'
import { postgresArena } from './postgres/arena.ts'
import { sqliteArena } from './sqlite/arena.ts'

export interface Place {
  readonly database: Arena['database']
  readonly url: string
  open(): Promise<Arena>
}

/** SQLite, and each server when its URL is in the environment and it answers. */
export async function placesOf({
  orms,
  missing,
}: {
  readonly orms: boolean
  readonly missing: string[]
}): Promise<[Place, ...Place[]]> {
  const places: [Place, ...Place[]] = [{ database: 'sqlite', url: 'sqlite::memory:', open: () => sqliteArena({ orms }) }]
  const servers: readonly (readonly [Arena['database'], string, (url: string) => Promise<Arena>])[] = [
    ['postgres', 'TEST_POSTGRES_URL', (url) => postgresArena(url, { orms })],
    ['mysql', 'TEST_MYSQL_URL', (url) => mysqlArena(url, 'mysql')],
    ['mariadb', 'TEST_MARIADB_URL', (url) => mysqlArena(url, 'mariadb')],
    ['mongodb', 'TEST_MONGODB_URL', (url) => mongoArena(url, { orms })],
  ]
  for (const [database, name, open] of servers) {
    const url = process.env[name]
    if (url === undefined || url === '') missing.push(`${database} (no ${name} in the environment)`)
    else if (!(await answers(url))) missing.push(`${database} (nothing answers at ${name})`)
    else places.push({ database, url, open: () => open(url) })
  }
  return places
}

const usualPorts: Readonly<Record<string, number>> = { 'postgres:': 5432, 'mysql:': 3306, 'mariadb:': 3306, 'mongodb:': 27_017 }

async function answers(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port || usualPorts[protocol]) })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(3000) })
    return true
  } catch {
    // whatever the reason: there is nothing to measure
    return false
  } finally {
    socket.destroy()
  }
}
