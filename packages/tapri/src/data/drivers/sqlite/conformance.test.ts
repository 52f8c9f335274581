import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataConformance } from '../../conformance.ts'

dataConformance('SQLite in memory', async () => ({ url: 'sqlite::memory:', dispose: async () => {} }), { keeps: false })

dataConformance('SQLite in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-'))
  return { url: `sqlite:${folder}/app.db?synchronous=off`, dispose: () => rm(folder, { recursive: true }) }
})
