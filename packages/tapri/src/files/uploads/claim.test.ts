import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { file, image, model, openDatabase, optional, pick, text, video } from '../../data/index.ts'
import { controller, routeKit, servedRoutes } from '../../http/index.ts'
import { fieldsOf } from '../../schema/index.ts'
import { moving, telephone } from '../images/pictures.fixture.ts'
import { fileModels, openFiles, readCreation, shownFile } from '../index.ts'
import { changeFilmed } from '../media/row-media.ts'
import { film } from '../room.fixture.ts'

const videos = model({
  title: text(),
  source: optional(video({ maxSize: '1mb' })),
  trailer: optional(video({ maxSize: '1mb' })),
  poster: optional(image({ maxSize: '1mb' })),
  photo: optional(file({ accept: '.jpg', maxSize: '1mb' })),
  table: optional(file({ accept: '.csv', maxSize: '1mb' })),
  bill: optional(file({ accept: '.pdf', maxSize: '1mb' })),
  any: optional(file({ accept: '*/*', maxSize: '1mb' })),
  binary: optional(file({ accept: 'application/octet-stream', maxSize: '1mb' })),
  face: optional(image({ maxSize: '1mb', maxPixels: 2000 })),
})

test('an upload that is given to its row once more changes nothing of what was made of it', async () => {
  await using place = await open()
  const { db } = place
  const upload = await place.uploaded('source', Buffer.from(await film().arrayBuffer()))
  const { id, source } = await db.videos.create(await place.claim({ title: 'Kites', source: { upload } }))
  await place.ready(id, source.id)
  const before = await db.videos.get(id)
  assert.equal(before.source.processing.state, 'ready')
  await db.videos.update(id, await place.claim({ title: 'Higher', source: { upload } }))
  assert.deepEqual(await db.videos.get(id), { ...before, title: 'Higher' })
})

test('a picture that is given to its row once more keeps its size', async () => {
  await using place = await open()
  const { db } = place
  const upload = await place.uploaded('poster', await telephone())
  const { id, poster } = await db.videos.create(await place.claim({ title: 'Kites', poster: { upload } }))
  assert.deepEqual([poster.width, poster.height], [300, 400])
  await db.videos.update(id, await place.claim({ poster: { upload } }))
  assert.deepEqual((await db.videos.get(id)).poster, poster)
})

test('an upload that a row has is none for another row, nor for another field', async () => {
  await using place = await open()
  const { db } = place
  const upload = await place.uploaded('source', Buffer.from(await film().arrayBuffer()))
  const { id, source } = await db.videos.create(await place.claim({ title: 'Kites', source: { upload } }))
  await place.ready(id, source.id)
  const other = await db.videos.create({ title: 'Strings' })
  const claimed = await place.claim({ source: { upload } })
  await assert.rejects(db.videos.update(other.id, claimed), { code: 'TAPRI_FILES_TAKEN' })
  await assert.rejects(place.claim({ trailer: { upload } }), { code: 'TAPRI_INVALID', message: /names no upload of yours/ })
  assert.equal((await db.videos.get(id)).source.processing.state, 'ready')
})

test('what an upload is called says nothing of what it is: its field takes it under any name', async () => {
  await using place = await open()
  const { db } = place
  const photo = await place.uploaded('photo', await telephone(), { name: 'holidays' })
  const table = await place.uploaded('table', Buffer.from('a,b\n1,2\n'), { name: 'table', type: 'text/csv' })
  const row = await db.videos.create(await place.claim({ title: 'Kites', photo: { upload: photo }, table: { upload: table } }))
  assert.deepEqual([row.photo.type, row.table.type], ['image/jpeg', 'text/csv'])
})

test('an upload that was sent for another field is looked at as this field does', async () => {
  await using place = await open()
  const { db } = place
  const refused = { code: 'TAPRI_INVALID', status: 422 }
  const program = await place.uploaded('any', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]), { name: 'invoice.pdf' })
  await assert.rejects(place.claim({ bill: { upload: program } }), { ...refused, message: /bill must be \.pdf/ })
  const large = await place.uploaded('any', Buffer.alloc(1024 ** 2 - 1))
  await assert.rejects(place.claim({ photo: { upload: large } }), refused)
  // nobody has looked whether all of it is text
  const bytes = await place.uploaded('binary', Buffer.from('a,b\n1,2\n'), { name: 'table.csv', type: 'text/csv' })
  await assert.rejects(place.claim({ table: { upload: bytes } }), { ...refused, message: /table must be \.csv/ })
  const text = await place.uploaded('any', Buffer.from('a,b\n1,2\n'), { name: 'table.csv', type: 'text/csv' })
  const moves = await place.uploaded('poster', await moving(5), { name: 'a.gif' })
  await assert.rejects(place.claim({ face: { upload: moves } }), { code: 'TAPRI_FILES_PIXELS', status: 413 })
  const picture = await place.uploaded('any', await moving(2, 20, 15), { name: 'a.gif' })
  const { face, table } = await db.videos.create(
    await place.claim({ title: 'Kites', face: { upload: picture }, table: { upload: text } }),
  )
  assert.deepEqual([face.width, face.height, table.type], [20, 15, 'text/csv'])
})

/** The files room with one route that takes films and pictures; nothing is made of films but by `ready`. */
async function open() {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-claim-'))
  const database = await openDatabase({
    models: { videos },
    policies: [],
    url: 'sqlite::memory:',
    migrate: 'auto',
    internal: fileModels,
    showFile: (place, file) => shownFile('', place, file),
    receiveFile: () => Promise.reject(new Error('No file comes by itself')),
  })
  const body = pick(videos, 'title', 'source', 'trailer', 'poster', 'photo', 'table', 'bill', 'any', 'binary', 'face')
  const create = routeKit<any>('visitor').post('/', { body }, () => ({}))
  const routes = servedRoutes({ videos: controller('/videos', { create }) }, '/')
  const find = (name: string) => routes.find((route) => route.name === name)
  const files = await openFiles({ url: `disk:${folder}`, database, routes: { find }, films: { atOnce: 0 } })
  const db: any = database.asSystem
  return {
    db,
    claim: (values: object): Promise<any> => files.claim(values, fieldsOf(body), null),
    async uploaded(field: string, bytes: Buffer, { name = 'file', type = 'application/octet-stream' } = {}): Promise<string> {
      const base64 = (words: string) => Buffer.from(words).toString('base64')
      const headers = {
        'tus-resumable': '1.0.0',
        'content-type': 'application/offset+octet-stream',
        'content-length': String(bytes.length),
        'upload-length': String(bytes.length),
        'upload-metadata': `route ${base64('videos.create')},field ${base64(field)},filename ${base64(name)},filetype ${base64(type)}`,
      }
      const asking = { headers, body: Readable.from([bytes], { objectMode: false }), user: null, sender: '192.0.2.1' }
      return (await files.uploads.create(readCreation(asking, {}), asking, () => true)).name
    },
    /** As a process does that has made it. */
    async ready(row: string, id: string): Promise<void> {
      const file = await db.tapri_files.get(id)
      const made = { state: 'ready', progress: 1, duration: 9, width: 320, height: 180, poster: true, stream: true } as const
      await changeFilmed(database, { model: 'videos', row, field: 'source', file }, (now) => ({ ...now, ...made }))
    },
    async [Symbol.asyncDispose]() {
      await files.close()
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
