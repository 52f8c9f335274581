import { randomBytes } from 'node:crypto'
import { type Arena, closeAll } from '../arena.ts'
import { withKyselyOnPostgres } from '../kysely.ts'
import { withMikroOnPostgres } from '../mikro.ts'
import { fill, open, tapri } from '../tapri.ts'
import type { Contender } from '../work.ts'
import { bare, poolOf } from './bare.ts'
import { withDrizzle } from './drizzle.ts'

/** A schema for each, with the same rows, keys and indexes. */
export async function postgresArena(server: string, options: { orms: boolean }): Promise<Arena> {
  const admin = poolOf(server)
  const mark = `bench_${randomBytes(4).toString('hex')}`
  const names = ['tapri', 'bare', 'drizzle', ...(options.orms ? ['kysely', 'mikro'] : [])]
  const schemaOf = (name: string) => `${mark}_${name}`
  const urlOf = (name: string) => {
    const url = new URL(server)
    url.searchParams.set('schema', schemaOf(name))
    return url.href
  }
  const database = await open(urlOf('tapri'))
  const facts = await fill(database)
  for (const name of names.slice(1)) await admin.query(copyText(schemaOf('tapri'), schemaOf(name)))
  await admin.query('analyze')
  const contenders = new Map<string, Contender>([
    ['tapri', tapri(database, facts)],
    ['bare', bare(urlOf('bare'), facts)],
    ['drizzle', withDrizzle(urlOf('drizzle'), facts)],
  ])
  if (options.orms) {
    contenders.set('kysely', withKyselyOnPostgres(urlOf('kysely'), facts))
    contenders.set('mikro', await withMikroOnPostgres(urlOf('mikro'), facts))
  }
  return {
    database: 'postgres',
    callers: 16,
    facts,
    contenders,
    async close() {
      await closeAll(contenders.values())
      for (const name of names) await admin.query(`drop schema ${schemaOf(name)} cascade`)
      await admin.end()
    },
  }
}

function copyText(from: string, to: string): string {
  const table = (name: string) =>
    `create table ${to}.${name} (like ${from}.${name} including all); insert into ${to}.${name} select * from ${from}.${name};`
  const key = `alter table ${to}.posts add foreign key (owner) references ${to}.users (id) deferrable initially deferred;`
  return `create schema ${to}; ${table('users')} ${table('posts')} ${key}`
}
