import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDatabase, scratchDatabase } from '../data/index.ts'
import { newId } from '../kit/ids.ts'
import { markReceived } from '../schema/index.ts'
import { fileDb } from './file-db.ts'
import { fileModels, openFiles } from './index.ts'
import { videos } from './room.fixture.ts'

const servers = {
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
}

for (const [name, server] of Object.entries(servers)) {
  const skip = server === undefined ? `${name} is not there: npm run services tells how to get it` : false
  test(`on ${name} a file that is given to two rows at once is taken by one, under read committed too`, { skip }, async () => {
    const scratch = await scratchDatabase(server ?? '')
    const folder = await mkdtemp(join(tmpdir(), 'tapri-files-'))
    const receiveFile = () => Promise.reject(new Error('No file comes'))
    const database = await openDatabase({
      models: { videos },
      policies: [],
      url: scratch.url,
      migrate: 'auto',
      internal: fileModels,
      showFile: () => ({}),
      receiveFile,
    })
    const files = await openFiles({ url: `disk:${folder}`, database })
    try {
      const db = fileDb(database.asSystem)
      const all: any = database.asSystem
      const key = newId()
      const facts = { key, name: 'a.mp4', type: 'video/mp4', size: 3 }
      const now = Date.now()
      const { id } = await db.tapri_files.create({
        ...facts,
        state: 'pending',
        expires: new Date(now + 60_000),
        at: new Date(now),
      })
      const source = markReceived(Object.freeze({ id, ...facts }))
      const bothWrote = Promise.withResolvers<void>()
      let written = 0
      const give = () =>
        all.transaction(
          async (tx: any) => {
            await tx.videos.create({ title: 'Kites', source })
            if (++written === 2) bothWrote.resolve()
            await bothWrote.promise
          },
          { isolation: 'read committed' },
        )
      const given = await Promise.allSettled([give(), give()])
      const refused = given.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
      assert.deepEqual(refused, ['TAPRI_FILES_TAKEN'])
      const [row, ...others] = await all.videos.find()
      assert.deepEqual([others, (await db.tapri_files.get(id)).row], [[], row?.id])
    } finally {
      await files.close()
      await database.close()
      await scratch.dispose()
      await rm(folder, { recursive: true, force: true })
    }
  })
}
