import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Films, film, metadata, mostBytes, nameIn, nothingKept, patch, sha256 } from './uploads.fixture.ts'

const tus = { 'Tus-Resumable': '1.0.0' }
const json = { 'content-type': 'application/json' }

test('an upload begins, goes on where it stands, and a later request gives it to a row', async () => {
  await using films = await Films.open()
  const bytes = film(1_000_000)
  const url = await films.begin(bytes.length)
  assert.match(url, /\/api\/uploads\/[\w-]{32}$/)

  const first = await patch(url, 0, bytes.subarray(0, 400_000))
  assert.deepEqual(
    [first.status, first.headers.get('upload-offset'), first.headers.get('tus-resumable')],
    [204, '400000', '1.0.0'],
  )
  const head = await fetch(url, { method: 'HEAD', headers: tus })
  assert.deepEqual(
    [head.status, head.headers.get('upload-offset'), head.headers.get('upload-length')],
    [204, '400000', '1000000'],
  )
  assert.equal(head.headers.get('cache-control'), 'no-store')
  assert.equal(head.headers.get('upload-metadata'), metadata({ route: 'videos.create', field: 'source' }))
  assert.equal((await patch(url, 400_000, bytes.subarray(400_000))).headers.get('upload-offset'), '1000000')

  const body = JSON.stringify({ title: 'Kites', source: { upload: nameIn(url) } })
  const created = await fetch(`${films.api}/videos`, { method: 'POST', headers: json, body })
  const video = await created.json()
  assert.equal(created.status, 200, JSON.stringify(video))
  assert.deepEqual([video.source.name, video.source.type, video.source.size], ['kites.mp4', 'video/mp4', 1_000_000])
  const got = Buffer.from(await (await fetch(new URL(video.source.url, films.api))).arrayBuffer())
  assert.ok(got.equals(bytes))
  const row = await films.db.tapri_files.first({})
  assert.deepEqual([row.state, row.sha256, row.size], ['attached', sha256(bytes), 1_000_000])
})

test('a form names an upload in the text of a part', async () => {
  await using films = await Films.open()
  const bytes = film(50_000)
  const url = await films.begin(bytes.length)
  await patch(url, 0, bytes)
  const form = new FormData()
  form.append('title', 'Kites')
  form.append('source', JSON.stringify({ upload: nameIn(url) }))
  form.append('notes', new File(['a few words'], 'notes.txt', { type: 'text/plain' }))
  const answer = await fetch(`${films.api}/videos`, { method: 'POST', body: form })
  const video = await answer.json()
  assert.deepEqual([answer.status, video.source?.size, video.notes?.size], [200, 50_000, 11])
})

test('a piece that does not begin where the file ends is 409 and says where it does', async () => {
  await using films = await Films.open()
  const bytes = film(1000)
  const url = await films.begin(bytes.length)
  await patch(url, 0, bytes.subarray(0, 400))
  for (const offset of [0, 399, 401, 1000, 5_000_000]) {
    const answer = await patch(url, offset, bytes.subarray(0, 100))
    const problem = await answer.json()
    assert.deepEqual([answer.status, problem.code, problem.facts], [409, 'TAPRI_FILES_OFFSET', { offset: 400 }], String(offset))
    assert.equal(answer.headers.get('upload-offset'), '400')
    assert.equal(answer.headers.get('tus-resumable'), '1.0.0')
  }
})

test('an upload that is given up leaves nothing, and is gone', async () => {
  await using films = await Films.open()
  const url = await films.begin(1000)
  await patch(url, 0, film(1000).subarray(0, 400))
  const answer = await fetch(url, { method: 'DELETE', headers: tus })
  assert.deepEqual([answer.status, answer.headers.get('tus-resumable')], [204, '1.0.0'])
  assert.equal((await fetch(url, { method: 'HEAD', headers: tus })).status, 404)
  assert.equal((await patch(url, 400, film(600))).status, 404)
  assert.deepEqual(await films.kept(), nothingKept)
})

test('an upload that nobody goes on with expires after a day, whole or not', async () => {
  await using films = await Films.open()
  const half = await films.begin(1000)
  await patch(half, 0, film(400))
  const whole = await films.begin(1000)
  const expires = (await patch(whole, 0, film(1000))).headers.get('upload-expires')
  assert.equal(expires, new Date(films.clock.now() + 86_400_000).toUTCString())
  films.clock.advance(86_400_000)
  assert.equal((await fetch(half, { method: 'HEAD', headers: tus })).status, 404)
  await films.started.files.sweep()
  assert.deepEqual(await films.kept(), nothingKept)
})

test('whoever goes on with an upload has a day again', async () => {
  await using films = await Films.open()
  const url = await films.begin(1000)
  films.clock.advance(80_000_000)
  await patch(url, 0, film(1000).subarray(0, 400))
  films.clock.advance(80_000_000)
  await films.started.files.sweep()
  assert.equal((await patch(url, 400, film(1000).subarray(400))).status, 204)
})

test('the type is told by the first bytes: a wrong one is refused before the rest, and nothing stays', async () => {
  await using films = await Films.open()
  const url = await films.begin(1_000_000)
  const answer = await patch(url, 0, Buffer.alloc(200_000, 'x'))
  assert.deepEqual([answer.status, (await answer.json()).code], [415, 'TAPRI_FILES_TYPE'])
  assert.equal((await fetch(url, { method: 'HEAD', headers: tus })).status, 404)
  assert.deepEqual(await films.kept(), nothingKept)
})

test('a wrong type that comes in pieces too small to tell is refused at the end', async () => {
  await using films = await Films.open()
  const url = await films.begin(300)
  const text = Buffer.alloc(300, 'x')
  assert.equal((await patch(url, 0, text.subarray(0, 150))).status, 204)
  const answer = await patch(url, 150, text.subarray(150))
  assert.deepEqual([answer.status, (await answer.json()).code], [415, 'TAPRI_FILES_TYPE'])
  assert.deepEqual(await films.kept(), nothingKept)
})

test('text is taken while all of it is text, however it is cut', async () => {
  await using films = await Films.open()
  const notes = {
    route: 'videos.create',
    field: 'notes',
    headers: { 'Upload-Metadata': metadata({ route: 'videos.create', field: 'notes', filename: 'n.csv', filetype: 'text/csv' }) },
  }
  const text = Buffer.from('ä,ö\n'.repeat(3000))
  const url = await films.begin(text.length, notes)
  await patch(url, 0, text.subarray(0, 5001))
  assert.equal((await patch(url, 5001, text.subarray(5001))).status, 204)
  const broken = Buffer.from(text)
  broken[9000] = 0xff
  const other = await films.begin(broken.length, notes)
  const answer = await patch(other, 0, broken)
  assert.deepEqual([answer.status, (await answer.json()).code], [415, 'TAPRI_FILES_TYPE'])
})

test('an upload larger than its field allows, empty, or for no field, does not begin', async () => {
  await using films = await Films.open()
  const cases: [number | string, { route?: string; field?: string }, number, string][] = [
    [mostBytes + 1, {}, 413, 'TAPRI_FILES_TOO_LARGE'],
    [0, {}, 422, 'TAPRI_INVALID'],
    ['-1', {}, 400, 'TAPRI_FILES_HEADER'],
    ['1e3', {}, 400, 'TAPRI_FILES_HEADER'],
    ['99999999999999999999', {}, 400, 'TAPRI_FILES_HEADER'],
    [10, { route: 'videos.nothing' }, 422, 'TAPRI_INVALID'],
    [10, { route: 'videos.rename' }, 422, 'TAPRI_INVALID'],
    [10, { field: 'title' }, 422, 'TAPRI_INVALID'],
    [10, { field: '__proto__' }, 422, 'TAPRI_INVALID'],
    [10, { route: 'videos.add' }, 401, 'TAPRI_APP_SIGN_IN'],
    [10, { route: 'videos.show' }, 500, 'TAPRI_INTERNAL'],
  ]
  for (const [length, place, status, code] of cases) {
    const answer = await fetch(`${films.api}/uploads`, {
      method: 'POST',
      headers: {
        ...tus,
        'Upload-Length': String(length),
        'Upload-Metadata': metadata({ route: 'videos.create', field: 'source', ...place }),
      },
    })
    assert.deepEqual([answer.status, (await answer.json()).code], [status, code], JSON.stringify([length, place]))
  }
  assert.equal((await fetch(`${films.api}/uploads`, { method: 'POST' })).status, 400)
  assert.deepEqual(await films.kept(), nothingKept)
})

test('more bytes than were announced end the upload, with or without a Content-Length', async () => {
  await using films = await Films.open()
  for (const body of [film(1001), new Blob([film(1001)]).stream()]) {
    const url = await films.begin(1000)
    const answer = await fetch(url, {
      method: 'PATCH',
      headers: { ...tus, 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' },
      body,
      duplex: 'half',
    } as RequestInit)
    assert.deepEqual([answer.status, (await answer.json()).code], [400, 'TAPRI_FILES_LENGTH'])
    assert.equal((await fetch(url, { method: 'HEAD', headers: tus })).status, 404)
  }
  assert.deepEqual(await films.kept(), nothingKept)
})

test('OPTIONS tells versions, extensions and checksums', async () => {
  await using films = await Films.open()
  const { status, headers } = await fetch(`${films.api}/uploads`, { method: 'OPTIONS' })
  assert.equal(status, 204)
  assert.equal(headers.get('tus-version'), '1.0.0')
  assert.equal(
    headers.get('tus-extension'),
    'creation,creation-with-upload,creation-defer-length,expiration,checksum,concatenation,termination',
  )
  assert.equal(headers.get('tus-checksum-algorithm'), 'sha256,sha1,md5,crc32')
  assert.match(headers.get('accept-patch') ?? '', /application\/partial-upload/)
  const other = await fetch(`${films.api}/uploads`, { method: 'POST', headers: { 'Tus-Resumable': '0.2.2' } })
  assert.deepEqual([other.status, other.headers.get('tus-version')], [412, '1.0.0'])
})

test('of another version of tus no request is processed, whatever its method', async () => {
  await using films = await Films.open()
  const url = await films.begin(1000)
  for (const method of ['HEAD', 'DELETE', 'POST', 'PATCH']) {
    const answer = await fetch(url, { method, headers: { 'Tus-Resumable': '0.2.2' } })
    assert.deepEqual([answer.status, answer.headers.get('tus-version')], [412, '1.0.0'], method)
  }
  assert.equal((await patch(url, 0, film(1000))).status, 204)
})
