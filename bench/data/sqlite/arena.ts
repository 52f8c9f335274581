import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Arena, closeAll } from '../arena.ts'
import { withKyselyOnSqlite } from '../kysely.ts'
import { withMikroOnSqlite } from '../mikro.ts'
import { fill, open, tapri } from '../tapri.ts'
import type { Contender } from '../work.ts'
import { analyze, bare } from './bare.ts'
import { withDrizzle } from './drizzle.ts'

/** A copy of one file for each: the same rows, tables and indexes. One caller at a time. */
export async function sqliteArena(options: { orms: boolean }): Promise<Arena> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-bench-'))
  const first = join(folder, 'tapri.db')
  const database = await open(`sqlite:${first}`)
  const facts = await fill(database)
  // closing writes everything into the one file
  await database.close()
  analyze(first)
  const copy = (name: string) => {
    const path = join(folder, `${name}.db`)
    copyFileSync(first, path)
    return path
  }
  const contenders = new Map<string, Contender>([
    ['bare', bare(copy('bare'), facts)],
    ['drizzle', withDrizzle(copy('drizzle'), facts)],
  ])
  if (options.orms) {
    contenders.set('kysely', withKyselyOnSqlite(copy('kysely'), facts))
    contenders.set('mikro', await withMikroOnSqlite(copy('mikro'), facts))
  }
  const ours = tapri(await open(`sqlite:${first}`), facts)
  return {
    database: 'sqlite',
    callers: 1,
    facts,
    contenders: new Map([['tapri', ours], ...contenders]),
    async close() {
      await closeAll([ours, ...contenders.values()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
