import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { startApp, tapri } from 'tapri'
import { file, model, pick } from 'tapri/data'
import { silentLog } from 'tapri/observe'
import { selfSigned, withoutOpenssl } from '../packages/tapri/src/http/adapters/certificate.fixture.ts'
import { film, keptIn, metadata, newFolder, nothingKept } from './uploads.fixture.ts'

const videos = model({ source: file({ accept: 'video/*', maxSize: '8mb' }) })
const kit = tapri({ models: { videos } })
const create = kit.visitor.post('/', { body: pick(videos, 'source') }, ({ db, body }) => db.videos.create(body))
const { description } = kit.app({
  controllers: { videos: kit.controller('/videos', { create }) },
  policies: [kit.policy('videos', { read: () => true, create: () => true })],
  http: { http2: true },
})
const skip = withoutOpenssl
const tus = { 'tus-resumable': '1.0.0', 'upload-metadata': metadata({ route: 'videos.create', field: 'source' }) }
const whole = { ...tus, 'content-type': 'application/offset+octet-stream' }

test('the body of a creation over HTTP/2 is kept without a Content-Length', { skip }, async (t) => {
  const app = await opened(t)
  const bytes = film(300_000)
  const sending = app.ask({ ...whole, 'upload-length': String(bytes.length) })
  sending.end(bytes)
  const { status, headers } = await answered(sending)
  assert.deepEqual([status, headers['upload-offset']], [201, String(bytes.length)])
  assert.deepEqual(await app.kept(), { files: ['kites.mp4 pending'], uploads: 1, keys: 1, unfinished: 0 })
})

test('a creation over HTTP/2 without a body begins an upload', { skip }, async (t) => {
  const app = await opened(t)
  const { status, headers } = await answered(app.ask({ ...tus, 'upload-length': '5000' }, { endStream: true }))
  assert.deepEqual([status, headers['upload-offset']], [201, '0'])
})

test('a body over HTTP/2 that is not of the type for uploads is refused, and leaves nothing', { skip }, async (t) => {
  const app = await opened(t)
  const sending = app.ask({ ...tus, 'upload-length': '5000' })
  sending.end(film(5000))
  const { status, body } = await answered(sending)
  assert.deepEqual([status, body.code], [415, 'TAPRI_FILES_UPLOAD_TYPE'])
  assert.deepEqual(await app.kept(), nothingKept)
})

async function opened(t: TestContext) {
  const { key, cert, ca } = selfSigned(t)
  const folder = await newFolder()
  const files = { DATABASE_URL: `sqlite:${join(folder, 'app.db')}`, FILES_URL: `disk:${join(folder, 'files')}` }
  const environment = { ...files, NODE_ENV: 'test', TLS_KEY: key, TLS_CERT: cert }
  const started = await startApp(description, {
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    file: null,
    environment,
    migrate: 'auto',
  })
  const session = connect(started.url, { ca })
  t.after(async () => {
    session.close()
    await started.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    ask: (headers: Readonly<Record<string, string>>, { endStream = false } = {}) =>
      session.request({ ':method': 'POST', ':path': '/api/uploads', ...headers }, { endStream }),
    kept: () => keptIn(folder, started.database.asSystem),
  }
}

async function answered(sending: ClientHttp2Stream): Promise<{ status: number; headers: IncomingHttpHeaders; body: any }> {
  const [headers]: IncomingHttpHeaders[] = await once(sending, 'response')
  const isProblem = headers?.['content-type']?.includes('json') === true
  const body = isProblem ? await json(sending) : sending.resume()
  return { status: Number(headers?.[':status']), headers: headers ?? {}, body }
}
