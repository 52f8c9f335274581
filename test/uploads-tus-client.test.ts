import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { Upload, type UploadOptions } from 'tus-js-client'
import { Films, film, nothingKept, sha256 } from './uploads.fixture.ts'

const place = { route: 'videos.create', field: 'source' }

/** Its types leave out the protocol, which its documentation has. */
type Options = Partial<UploadOptions> & { readonly protocol?: 'ietf-draft-05' }

/** Sends a film with tus-js-client; answers its URL. */
function send(films: Films, bytes: Buffer | Readable, options: Options = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const all: Options = {
      endpoint: `${films.api}/uploads`,
      retryDelays: [0, 0, 0],
      metadata: { ...place, filename: 'kites.mp4', filetype: 'video/mp4' },
      onError: reject,
      onSuccess: () => resolve(upload.url ?? ''),
      ...options,
    }
    const upload = new Upload(bytes, all)
    upload.start()
  })
}

const bytes = film(2_000_000)

async function assertArrived(films: Films): Promise<void> {
  const rows = await films.db.tapri_files.find()
  assert.deepEqual(
    rows.map((row: any) => [row.name, row.state, row.size, row.type, row.sha256]),
    [['kites.mp4', 'pending', bytes.length, 'video/mp4', sha256(bytes)]],
  )
}

test('tus-js-client sends a file in one request', async () => {
  await using films = await Films.open()
  await send(films, bytes)
  await assertArrived(films)
})

test('tus-js-client sends a file in chunks', async () => {
  await using films = await Films.open()
  await send(films, bytes, { chunkSize: 300_001 })
  await assertArrived(films)
})

test('tus-js-client sends bytes with the request that begins the upload', async () => {
  await using films = await Films.open()
  await send(films, bytes, { uploadDataDuringCreation: true, chunkSize: 900_000 })
  await assertArrived(films)
})

test('tus-js-client sends a stream whose length is not known before its end', async () => {
  await using films = await Films.open()
  const source = Readable.from([bytes.subarray(0, 700_000), bytes.subarray(700_000)], { objectMode: false })
  await send(films, source, { uploadLengthDeferred: true, chunkSize: 512 * 1024 })
  await assertArrived(films)
})

test('tus-js-client sends parts side by side, and they are joined', async () => {
  await using films = await Films.open()
  const endpoint = `${films.api}/uploads?route=videos.create&field=source`
  await send(films, bytes, { endpoint, parallelUploads: 4, storeFingerprintForResuming: false })
  await assertArrived(films)
})

test('tus-js-client sends through those who let no PATCH pass', async () => {
  await using films = await Films.open()
  await send(films, bytes, { overridePatchMethod: true, chunkSize: 600_000 })
  await assertArrived(films)
})

test('tus-js-client goes on where an aborted upload stands', async () => {
  await using films = await Films.open()
  const url = await new Promise<string>((resolve, reject) => {
    const upload = new Upload(bytes, {
      endpoint: `${films.api}/uploads`,
      metadata: { ...place, filename: 'kites.mp4', filetype: 'video/mp4' },
      chunkSize: 400_000,
      onError: reject,
      onChunkComplete: () => void upload.abort().then(() => resolve(upload.url ?? '')),
    })
    upload.start()
  })
  let resumed = 0
  await send(films, bytes, {
    uploadUrl: url,
    endpoint: null,
    onProgress: (sent) => {
      resumed ||= sent
    },
  })
  assert.ok(resumed >= 400_000, String(resumed))
  await assertArrived(films)
})

test('tus-js-client gives an upload up', async () => {
  await using films = await Films.open()
  await Upload.terminate(await send(films, bytes))
  assert.deepEqual(await films.kept(), nothingKept)
})

test('tus-js-client goes on by itself after connections that were cut', async () => {
  await using films = await Films.open()
  let requests = 0
  await send(films, bytes, {
    chunkSize: 500_000,
    retryDelays: Array.from({ length: 20 }, () => 0),
    onAfterResponse: () => {
      requests++
      if (requests % 2 === 0) throw new Error('the line was cut')
    },
  })
  assert.ok(requests > 6)
  await assertArrived(films)
})

test('tus-js-client by the IETF draft sends in one request and in chunks', async () => {
  await using films = await Films.open()
  const endpoint = `${films.api}/uploads?route=videos.create&field=source`
  for (const chunkSize of [Number.POSITIVE_INFINITY, 450_000]) {
    const headers = { 'Content-Disposition': 'inline; filename="kites.mp4"' }
    const url = await send(films, bytes, { endpoint, protocol: 'ietf-draft-05', chunkSize, headers })
    await assertArrived(films)
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 204)
  }
  assert.deepEqual(await films.kept(), nothingKept)
})
