import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { model, openDatabase } from '../../data/index.ts'
import { image } from '../../schema/index.ts'
import { type Files, fileModels, openFiles, shownFile } from '../index.ts'
import { plain } from './pictures.fixture.ts'

const sizes = Array.from({ length: 40 }, (_, index) => [`w${index}`, { width: 500 + index, format: 'avif' }] as const)
const shots = model({ photo: image({ maxSize: '50mb', variants: Object.fromEntries(sizes) }) })

test('an app that stops makes no pictures that only wait, and tells those who asked for them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-pictures-'))
  let files: Files | undefined
  const database = await openDatabase({
    models: { shots },
    policies: [],
    url: 'sqlite::memory:',
    migrate: 'auto',
    internal: fileModels,
    showFile: (place, given) => shownFile('', place, given),
    receiveFile: (blob, field) => {
      assert.ok(files)
      return files.receive(blob, field)
    },
  })
  try {
    files = await openFiles({ url: `disk:${folder}`, database, films: { atOnce: 0 } })
    const { part, close } = files
    const db: any = database.asSystem
    const { id } = await db.shots.create({ photo: new File([await plain(600, 600).jpeg().toBuffer()], 'kite.jpg') })
    const context: any = { db, request: { headers: {}, method: 'GET' }, ip: '127.0.0.1' }
    const asked = sizes.map(([name]) => part(context, { model: 'shots', id, field: 'photo', part: name }))
    const answers = Promise.allSettled(asked)
    await Promise.race(asked)
    await close()
    const codes = (await answers).flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    assert.ok(codes.length > sizes.length / 2, `${codes.length} refused`)
    assert.deepEqual([...new Set(codes)], ['TAPRI_FILES_BUSY'])
    assert.equal(await db.tapri_renditions.count(), sizes.length - codes.length)
  } finally {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }
})
