import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { openDatabase, pick } from '../../data/index.ts'
import { controller, routeKit, servedRoutes } from '../../http/index.ts'
import { manualClock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import { fileDb } from '../file-db.ts'
import { type Asking, fileModels, openFiles, readCreation } from '../index.ts'
import { film, videos } from '../room.fixture.ts'
import { openStore } from '../stores/open.ts'

const servers = {
  S3: process.env.TEST_S3_URL,
  Azure: process.env.TEST_AZURE_URL,
}

for (const [name, server] of Object.entries(servers)) {
  const skip = server === undefined ? `${name} is not there: npm run services tells how to get it` : false

  test(`what comes straight into ${name} by the URL of an upload that was given up is counted, and goes`, { skip }, async () => {
    await using place = await open(server ?? '')
    const { files, clock, kept } = place
    const bytes = Buffer.from(await film().arrayBuffer())
    const begin = (user: Asking['user']) => place.begin(bytes.length, user)
    const { direct, name: upload } = await begin(member)
    assert.ok(direct)
    const asked = new URL(direct.url).searchParams
    const until = asked.get('se') ?? clock.now() + Number(asked.get('X-Amz-Expires')) * 1000
    assert.equal(Math.round((new Date(until).getTime() - clock.now()) / 60_000), 30)

    await files.uploads.remove(upload, member)
    await assert.rejects(files.uploads.state(upload, member), { code: 'TAPRI_NOT_FOUND' })
    const send = async () => {
      const sent = await fetch(direct.url, { method: direct.method, headers: direct.headers, body: bytes })
      assert.ok(sent.ok, `${sent.status} ${await sent.text()}`)
    }
    await send()
    await files.sweep()
    assert.deepEqual(await kept(), { rows: ['orphaned'], keys: 1 })
    await assert.rejects(begin(member), { code: 'TAPRI_FILES_QUOTA' })
    for (let times = 0; times < 2; times++) await files.uploads.remove((await begin(null)).name, null)
    await assert.rejects(begin(null), { code: 'TAPRI_FILES_UPLOADS' })

    clock.advance(90 * 60_000)
    await files.sweep()
    assert.equal((await kept()).keys, 0)
    await files.uploads.remove((await begin(member)).name, member)

    // a sender that began in time and is very slow: to the server the URL is good still
    await send()
    assert.equal((await kept()).keys, 1)
    clock.advance(60 * 60_000)
    await files.sweep()
    assert.deepEqual(await kept(), { rows: Array(4).fill('orphaned'), keys: 0 })
    clock.advance(25 * 60 * 60_000)
    await files.sweep()
    assert.deepEqual(await kept(), { rows: [], keys: 0 })
  })
}

const member = { id: 'ann' }

/** The files room on a place of its own in a store of another server, with one route that takes films. */
async function open(server: string) {
  const url = `${server}${server.includes('?') ? '&' : '?'}prefix=${newId()}`
  // servers judge URLs by the time of the machine
  const clock = manualClock(Date.now())
  const receiveFile = () => Promise.reject(new Error('No file comes by itself'))
  const own = { internal: fileModels, showFile: () => ({}), receiveFile }
  const database = await openDatabase({
    models: { videos },
    policies: [],
    url: 'sqlite::memory:',
    migrate: 'auto',
    clock,
    ...own,
  })
  const create = routeKit<any>('visitor').post('/', { body: pick(videos, 'title', 'source') }, () => ({}))
  const routes = servedRoutes({ videos: controller('/videos', { create }) }, '/')
  const find = (name: string) => routes.find((route) => route.name === name)
  const limits = { quota: () => '300kb', uploadsAtOnce: 2, uploadsFor: '30m' }
  const files = await openFiles({ url, database, clock, routes: { find }, ...limits })
  const store = await openStore(url)
  return {
    files,
    clock,
    begin(length: number, user: Asking['user']) {
      const base64 = (text: string) => Buffer.from(text).toString('base64')
      const headers = {
        'tus-resumable': '1.0.0',
        'tapri-direct': 'true',
        'upload-length': String(length),
        'upload-metadata': `route ${base64('videos.create')},field ${base64('source')},filetype ${base64('video/mp4')}`,
      }
      const asking = { headers, body: Readable.from([]), user, sender: '192.0.2.1' }
      return files.uploads.create(readCreation(asking, {}), asking, () => false)
    },
    async kept() {
      const rows = await fileDb(database.asSystem).tapri_files.find()
      return { rows: rows.map(({ state }) => state), keys: (await Array.fromAsync(store.list())).length }
    },
    async [Symbol.asyncDispose]() {
      for await (const key of store.list()) await store.delete(key)
      await store.close()
      await files.close()
      await database.close()
    },
  }
}
