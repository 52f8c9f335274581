import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import { Films, film, nameIn, nothingKept, sha256 } from './uploads.fixture.ts'

const partial = { 'Content-Type': 'application/partial-upload' }
const place = 'route=videos.create&field=source'

function begin(films: Films, body: Uint8Array<ArrayBuffer> | null, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${films.api}/uploads?${place}`, {
    method: 'POST',
    headers: {
      'Content-Disposition': 'inline; filename="x"; filename*=UTF-8\'\'k%C3%A4ites.mp4',
      'Content-Type': 'video/mp4',
      ...headers,
    },
    body,
  })
}

function append(
  url: string,
  offset: number,
  bytes: Uint8Array<ArrayBuffer> | null,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  return fetch(url, { method: 'PATCH', headers: { ...partial, 'Upload-Offset': String(offset), ...headers }, body: bytes })
}

function urlOf(films: Films, answer: Response): string {
  return new URL(answer.headers.get('location') ?? '', films.api).href
}

test('a whole file in one request is an upload that can be used', async () => {
  await using films = await Films.open()
  const bytes = film(300_000)
  const digest = `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`
  const answer = await begin(films, bytes, { 'Upload-Complete': '?1', 'Repr-Digest': digest })
  assert.deepEqual(
    [answer.status, answer.headers.get('upload-complete'), answer.headers.get('upload-offset')],
    [201, '?1', '300000'],
  )
  const created = await fetch(`${films.api}/videos`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Kites', source: { upload: nameIn(urlOf(films, answer)) } }),
  })
  const { source } = await created.json()
  assert.deepEqual([created.status, source.name, source.size], [200, 'käites.mp4', 300_000])
})

test('a file whose digest is another one is refused and leaves nothing', async () => {
  await using films = await Films.open()
  const bytes = film(10_000)
  const digest = `sha-256=:${createHash('sha256').update('other').digest('base64')}:`
  const whole = await begin(films, bytes, { 'Upload-Complete': '?1', 'Repr-Digest': digest })
  assert.deepEqual([whole.status, (await whole.json()).code], [460, 'TAPRI_FILES_CHECKSUM'])
  assert.deepEqual(await films.kept(), nothingKept)
  const piece = await begin(films, bytes, { 'Upload-Complete': '?0', 'Content-Digest': digest })
  assert.equal(piece.status, 460)
})

test('a file comes in parts, and is whole when its sender says so', async () => {
  await using films = await Films.open()
  const bytes = film(300_000)
  const first = await begin(films, bytes.subarray(0, 100_000), { 'Upload-Complete': '?0', 'Upload-Length': '300000' })
  const url = urlOf(films, first)
  assert.deepEqual(
    [first.status, first.headers.get('upload-complete'), first.headers.get('upload-offset')],
    [201, '?0', '100000'],
  )
  const second = await append(url, 100_000, bytes.subarray(100_000), { 'Upload-Complete': '?0' })
  assert.deepEqual([second.status, second.headers.get('upload-complete')], [204, '?0'])
  const last = await append(url, 300_000, null, { 'Upload-Complete': '?1' })
  assert.deepEqual([last.status, last.headers.get('upload-complete'), last.headers.get('upload-offset')], [204, '?1', '300000'])
  const head = await fetch(url, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('upload-complete'), head.headers.get('upload-length')], [204, '?1', '300000'])
  assert.match(head.headers.get('upload-limit') ?? '', /^max-size=67108864, max-age=86400$/)
  assert.equal((await films.db.tapri_files.first({})).sha256, sha256(bytes))
  const more = await append(url, 300_000, film(5), { 'Upload-Complete': '?1' })
  assert.deepEqual([more.status, (await more.json()).code], [400, 'TAPRI_FILES_LENGTH'])
})

test('a file of unknown length whose last piece cannot be noted is whole when its sender looks again', async () => {
  await using films = await Films.open()
  const bytes = film(200_000)
  let isAway = true
  films.started.database.duringTransaction(async (changes) => {
    const isWhole = changes.some(({ model, after }) => model === 'tapri_uploads' && after?.complete === true)
    if (isWhole && isAway) throw new Error('The database is away')
  })
  const url = urlOf(films, await begin(films, bytes.subarray(0, 100_000), { 'Upload-Complete': '?0' }))
  const last = await fetch(url, {
    method: 'PATCH',
    headers: { ...partial, 'Upload-Offset': '100000', 'Upload-Complete': '?1' },
    body: new Blob([bytes.subarray(100_000)]).stream(),
    duplex: 'half',
  } as RequestInit)
  assert.equal(last.status, 500)
  isAway = false
  const head = await fetch(url, { method: 'HEAD' })
  assert.deepEqual([head.headers.get('upload-complete'), head.headers.get('upload-offset')], ['?1', '200000'])
  assert.equal((await films.db.tapri_files.first({})).sha256, sha256(bytes))
})

test('lengths that disagree are refused, and the upload goes on with the right one', async () => {
  await using films = await Films.open()
  const bytes = film(1000)
  const both = await begin(films, bytes, { 'Upload-Complete': '?1', 'Upload-Length': '2000' })
  assert.deepEqual([both.status, (await both.json()).code], [400, 'TAPRI_FILES_LENGTH'])
  const url = urlOf(films, await begin(films, bytes, { 'Upload-Complete': '?0', 'Upload-Length': '2000' }))
  const other = await append(url, 1000, bytes, { 'Upload-Complete': '?0', 'Upload-Length': '3000' })
  assert.deepEqual([other.status, (await other.json()).code], [400, 'TAPRI_FILES_LENGTH'])
  const early = await append(url, 1000, film(500), { 'Upload-Complete': '?1' })
  assert.deepEqual([early.status, (await early.json()).code], [400, 'TAPRI_FILES_LENGTH'])
  assert.equal((await append(url, 1000, bytes, { 'Upload-Complete': '?1' })).headers.get('upload-complete'), '?1')
})

test('a piece needs its media type, its offset, and to say whether it is the last', async () => {
  await using films = await Films.open()
  const url = urlOf(films, await begin(films, null, { 'Upload-Complete': '?0' }))
  const cases: [Readonly<Record<string, string>>, number, string][] = [
    [{ 'Upload-Offset': '0', 'Upload-Complete': '?1', 'Content-Type': 'text/plain' }, 415, 'TAPRI_FILES_UPLOAD_TYPE'],
    [{ ...partial, 'Upload-Complete': '?1' }, 400, 'TAPRI_FILES_HEADER'],
    [{ ...partial, 'Upload-Complete': '?1', 'Upload-Offset': '-1' }, 400, 'TAPRI_FILES_HEADER'],
    [{ ...partial, 'Upload-Complete': '?1', 'Upload-Offset': '10' }, 409, 'TAPRI_FILES_OFFSET'],
  ]
  for (const [headers, status, code] of cases) {
    const answer = await fetch(url, { method: 'PATCH', headers, body: film(10) })
    assert.deepEqual([answer.status, (await answer.json()).code], [status, code])
  }
  const nothing = await begin(films, null, { 'Upload-Draft-Interop-Version': '9' })
  assert.deepEqual([nothing.status, (await nothing.json()).code], [400, 'TAPRI_FILES_HEADER'])
})

test('who says by which version of the draft it speaks is told where to go on before its bytes are taken', async () => {
  await using films = await Films.open()
  const bytes = film(100_000)
  const told = async (version: string) => {
    const sent = request(`${films.api}/uploads?${place}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'video/mp4',
        'Content-Length': bytes.length,
        'Upload-Complete': '?1',
        'Upload-Draft-Interop-Version': version,
      },
    })
    const interim: { statusCode: number; headers: NodeJS.Dict<string | string[]> }[] = []
    sent.on('information', (information) => interim.push(information))
    sent.write(bytes.subarray(0, 50_000))
    if (version === '9') await once(sent, 'information')
    sent.end(bytes.subarray(50_000))
    const [response] = await once(sent, 'response')
    response.resume()
    return { interim, response }
  }
  const { interim, response } = await told('9')
  const [{ statusCode, headers } = { statusCode: 0, headers: {} }] = interim
  assert.deepEqual([statusCode, headers['upload-draft-interop-version'], headers.location], [104, '9', response.headers.location])
  assert.equal(response.statusCode, 201)
  assert.deepEqual((await told('99')).interim, [])
})
