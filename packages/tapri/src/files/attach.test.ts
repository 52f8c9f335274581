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
import { film, Room, videos } from './room.fixture.ts'

test('a row takes no file of another one that lets it go in the same transaction, in whichever order', async () => {
  await using room = await Room.open()
  const { body: first } = await room.post({ title: 'first', source: film() })
  const [{ id, key, name, type, size }] = await room.db.tapri_files.find()
  const source = markReceived(Object.freeze({ id, key, name, type, size }))
  const give = (tx: any) => tx.videos.create({ title: 'second', source })
  const orders: ((tx: any) => Promise<void>)[] = [
    async (tx) => {
      await give(tx)
      await tx.videos.delete(first.id)
    },
    async (tx) => {
      await give(tx)
      await tx.videos.update(first.id, { source: null })
    },
    async (tx) => {
      await tx.videos.update(first.id, { source: null })
      await give(tx)
    },
  ]
  for (const order of orders) await assert.rejects(room.db.transaction(order), { code: 'TAPRI_FILES_TAKEN' })
  await room.files.sweep()
  const rows: any[] = await room.db.videos.find()
  assert.deepEqual(
    rows.map((row) => [row.title, row.source?.id]),
    [['first', id]],
  )
  assert.deepEqual(await room.kept(), { rows: ['kites.mp4 attached'], keys: 1, unfinished: 0 })
})

test('a file may change rows within the transaction that first takes it', async () => {
  await using room = await Room.open()
  room.handle = ({ db, body }) =>
    db.transaction(async (tx: any) => {
      const first = await tx.videos.create({ title: 'first', source: body.source })
      await tx.videos.update(first.id, { source: null })
      return tx.videos.create({ title: 'second', source: body.source })
    })
  const { status, body } = await room.post({ title: 'x', source: film() })
  assert.deepEqual([status, body.title, (await room.db.tapri_files.first({})).row], [200, 'second', body.id])
  assert.deepEqual(await room.kept(), { rows: ['kites.mp4 attached'], keys: 1, unfinished: 0 })
})

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
