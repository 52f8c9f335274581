import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import { Films, film, metadata, nameIn, nothingKept, patch, quotas, sha256 } from './uploads.fixture.ts'

const tus = { 'Tus-Resumable': '1.0.0' }
const json = { 'content-type': 'application/json' }

async function problemOf(answer: Response): Promise<[number, string]> {
  const { code } = await answer.json()
  return [answer.status, code]
}

/** Signs a user up; answers the headers that say who it is. */
async function signUp(films: Films, email: string): Promise<{ cookie: string }> {
  const body = JSON.stringify({ email, password: 'kites and wind' })
  const answer = await fetch(`${films.api}/auth/sign-up`, { method: 'POST', headers: json, body })
  assert.equal(answer.status, 200, await answer.clone().text())
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' }
}

function give(films: Films, name: string, { path = '/videos', field = 'source', headers = {} } = {}): Promise<Response> {
  const body = JSON.stringify({ title: 'Kites', [field]: { upload: name } })
  return fetch(films.api + path, { method: 'POST', headers: { ...json, ...headers }, body })
}

/** A whole upload, by its name. */
async function uploaded(films: Films, size: number, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const url = await films.begin(size, { headers })
  const answer = await patch(url, 0, film(size), headers)
  assert.equal(answer.status, 204, await answer.text())
  return nameIn(url)
}

/** The head of a picture of that size, and no pixels. */
function png(width: number, height: number): Buffer<ArrayBuffer> {
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const ends = Buffer.alloc(8)
    ends.writeUInt32BE(data.length, 0)
    ends.writeUInt32BE(crc32(named), 4)
    return [ends.subarray(0, 4), named, ends.subarray(4)]
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const parts = [...chunk('IHDR', header), ...chunk('IDAT', deflateSync(Buffer.alloc(100))), ...chunk('IEND', Buffer.alloc(0))]
  return Buffer.from(Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]))
}

test('an upload belongs to who made it: nobody else sees, sends, uses or removes it', async () => {
  await using films = await Films.open()
  const ann = await signUp(films, 'ann@club.test')
  const bob = await signUp(films, 'bob@club.test')
  const url = await films.begin(2000, { route: 'videos.add', headers: ann })
  const bytes = film(2000)
  for (const headers of [bob, {}]) {
    assert.equal((await fetch(url, { method: 'HEAD', headers: { ...tus, ...headers } })).status, 404)
    assert.equal((await patch(url, 0, bytes, headers)).status, 404)
    assert.equal((await fetch(url, { method: 'DELETE', headers: { ...tus, ...headers } })).status, 404)
  }
  assert.equal((await patch(url, 0, bytes, ann)).status, 204)
  assert.deepEqual(await problemOf(await give(films, nameIn(url), { path: '/videos/mine', headers: bob })), [
    422,
    'TAPRI_INVALID',
  ])
  assert.deepEqual(await problemOf(await give(films, nameIn(url))), [422, 'TAPRI_INVALID'])
  assert.equal((await give(films, nameIn(url), { path: '/videos/mine', headers: ann })).status, 200)
})

test('a route that only members may call takes uploads of members only, and its middleware runs first', async () => {
  await using films = await Films.open()
  await assert.rejects(films.begin(2000, { route: 'videos.add' }), /401 .*TAPRI_APP_SIGN_IN/)
  await assert.rejects(films.begin(2000, { route: 'videos.show' }), /500/)
  assert.match(await films.begin(2000, { route: 'videos.show', headers: { 'x-badge': 'yes' } }), /uploads/)
})

test('an upload is used once: for a second row it is TAPRI_FILES_TAKEN, and removing it leaves the file', async () => {
  await using films = await Films.open()
  const name = await uploaded(films, 5000)
  assert.equal((await give(films, name)).status, 200)
  assert.deepEqual(await problemOf(await give(films, name)), [409, 'TAPRI_FILES_TAKEN'])
  assert.equal((await fetch(`${films.api}/uploads/${name}`, { method: 'DELETE', headers: tus })).status, 204)
  assert.deepEqual(await films.kept(), { files: ['kites.mp4 attached'], uploads: 0, keys: 1, unfinished: 0 })
})

test('a request that is sent again under its key is answered as before, although its upload is used by then', async () => {
  await using films = await Films.open()
  const name = await uploaded(films, 5000)
  const headers = { 'Idempotency-Key': '"kites-1"' }
  const first = await (await give(films, name, { headers })).json()
  const again = await give(films, name, { headers })
  assert.deepEqual([again.status, (await again.json()).id], [200, first.id])
  assert.equal((await films.db.videos.find()).length, 1)
})

test('a request that is refused leaves its upload for the next one', async () => {
  await using films = await Films.open()
  const name = await uploaded(films, 5000)
  const body = JSON.stringify({ title: '', source: { upload: name } })
  assert.equal((await fetch(`${films.api}/videos`, { method: 'POST', headers: json, body })).status, 422)
  assert.equal((await give(films, name)).status, 200)
})

test('an upload that is not whole, not there, or not of the field is refused by the name of the field', async () => {
  await using films = await Films.open()
  const half = await films.begin(5000)
  await patch(half, 0, film(2000))
  const unfinished = await give(films, nameIn(half))
  const problem = await unfinished.json()
  assert.deepEqual(
    [unfinished.status, problem.code, problem.facts],
    [409, 'TAPRI_FILES_UNFINISHED', { offset: 2000, length: 5000 }],
  )
  const name = await uploaded(films, 5000)
  const wrong = await (await give(films, name, { field: 'notes' })).json()
  assert.deepEqual(
    [wrong.status, wrong.issues[0].path, wrong.issues[0].message],
    [422, ['notes'], 'must be text/plain, .csv, not video/mp4'],
  )
  for (const upload of ['x'.repeat(32), '', '../..', 5, null, {}, [], '__proto__']) {
    const body = JSON.stringify({ title: 'Kites', source: { upload } })
    const answer = await fetch(`${films.api}/videos`, { method: 'POST', headers: json, body })
    const { status, issues } = await answer.json()
    assert.deepEqual([status, issues[0].path], [422, ['source']], JSON.stringify(upload))
  }
  for (const source of ['{"upload"', '{}', 'text', 7, true, [{ upload: name }]]) {
    const body = JSON.stringify({ title: 'Kites', source })
    assert.equal(
      (await fetch(`${films.api}/videos`, { method: 'POST', headers: json, body })).status,
      422,
      JSON.stringify(source),
    )
  }
})

test('a checksum that is right lets a piece in, one that is wrong leaves all as it was', async () => {
  await using films = await Films.open()
  const bytes = film(40_000)
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32(bytes.subarray(0, 10_000)))
  const sums = [
    `crc32 ${crc.toString('base64')}`,
    ...['sha1', 'md5', 'sha256'].map((name, at) => {
      const piece = bytes.subarray((at + 1) * 10_000, (at + 2) * 10_000)
      return `${name} ${createHash(name).update(piece).digest('base64')}`
    }),
  ]
  const url = await films.begin(bytes.length)
  for (const [at, sum] of sums.entries()) {
    const piece = bytes.subarray(at * 10_000, (at + 1) * 10_000)
    const other = Buffer.from(piece)
    other[100] = (other[100] ?? 0) ^ 1
    const wrong = await patch(url, at * 10_000, other, { 'Upload-Checksum': sum })
    assert.deepEqual(await problemOf(wrong), [460, 'TAPRI_FILES_CHECKSUM'])
    assert.equal((await patch(url, at * 10_000, piece, { 'Upload-Checksum': sum })).status, 204, sum)
  }
  assert.equal((await films.db.tapri_files.first({})).sha256, sha256(bytes))
  const next = await films.begin(1000)
  for (const sum of ['sha1', 'sha1 !!!', 'sha512 AAAA', 'md5 AAAA', 'crc32 AAAAAA== x', '__proto__ AAAA']) {
    assert.deepEqual(
      await problemOf(await patch(next, 0, film(1000), { 'Upload-Checksum': sum })),
      [400, 'TAPRI_FILES_HEADER'],
      sum,
    )
  }
})

test('a piece with a checksum that is too large to wait on the disk is refused unread, and the upload is as it was', async () => {
  await using films = await Films.open()
  const bytes = film(2000)
  const sum = `sha256 ${createHash('sha256').update(bytes).digest('base64')}`
  const url = await films.begin(bytes.length)
  const headers = {
    ...tus,
    'Upload-Offset': '0',
    'Content-Type': 'application/offset+octet-stream',
    'Content-Length': String(64 * 1024 ** 2 + 1),
    'Upload-Checksum': sum,
  }
  const large = request(url, { method: 'PATCH', headers })
  large.flushHeaders()
  const [answer] = await once(large, 'response')
  assert.deepEqual([answer.statusCode, JSON.parse(await text(answer)).code], [413, 'TAPRI_FILES_PIECE_TOO_LARGE'])
  large.destroy()
  assert.equal((await patch(url, 0, bytes, { 'Upload-Checksum': sum })).status, 204)
})

test('parts are joined in the order that is asked, whole ones of the same sender only', async () => {
  await using films = await Films.open()
  const bytes = film(9000)
  const part = (length: number) => films.begin(length, { headers: { 'Upload-Concat': 'partial' } })
  const one = await part(5000)
  const two = await part(4000)
  const join = (...urls: string[]) =>
    fetch(`${films.api}/uploads`, {
      method: 'POST',
      headers: {
        ...tus,
        'Upload-Concat': `final;${urls.join(' ')}`,
        'Upload-Metadata': metadata({ route: 'videos.create', field: 'source' }),
      },
    })
  await patch(one, 0, bytes.subarray(0, 5000))
  assert.deepEqual(await problemOf(await join(one, two)), [422, 'TAPRI_INVALID'])
  await patch(two, 0, bytes.subarray(5000))
  assert.deepEqual(await problemOf(await join(one, one)), [400, 'TAPRI_FILES_HEADER'])
  assert.deepEqual(await problemOf(await join(one, `${films.api}/uploads/${'x'.repeat(32)}`)), [404, 'TAPRI_NOT_FOUND'])
  assert.deepEqual(await problemOf(await give(films, nameIn(one))), [422, 'TAPRI_INVALID'])
  const joined = await join(one, new URL(two).pathname)
  assert.deepEqual(
    [joined.status, joined.headers.get('upload-offset'), joined.headers.get('upload-length')],
    [201, '9000', '9000'],
  )
  assert.equal((await films.db.tapri_files.first({})).sha256, sha256(bytes))
  assert.deepEqual(await films.kept(), { files: ['kites.mp4 pending'], uploads: 1, keys: 1, unfinished: 0 })
  assert.equal((await give(films, nameIn(joined.headers.get('location') ?? ''))).status, 200)
})

test('a picture is measured when it is whole: one with too many pixels is refused undecoded and leaves nothing', async () => {
  await using films = await Films.open()
  const send = async (width: number) => {
    const bytes = png(width, 900)
    const place = { route: 'videos.create', field: 'poster' }
    const url = await films.begin(bytes.length, {
      headers: { 'Upload-Metadata': metadata({ ...place, filename: 'p.png', filetype: 'image/png' }) },
    })
    return { url, answer: await patch(url, 0, bytes) }
  }
  const bomb = await send(60_000)
  assert.deepEqual(await problemOf(bomb.answer), [413, 'TAPRI_FILES_PIXELS'])
  assert.deepEqual(await films.kept(), nothingKept)
  const fits = await send(1000)
  assert.equal(fits.answer.status, 204)
  const poster = { upload: nameIn(fits.url) }
  const body = JSON.stringify({ title: 'Kites', source: { upload: await uploaded(films, 2000) }, poster })
  const video = await (await fetch(`${films.api}/videos`, { method: 'POST', headers: json, body })).json()
  assert.deepEqual([video.poster?.width, video.poster?.height], [1000, 900])
})

test('a user keeps no more than the quota, by uploads, forms and both at once', async () => {
  await using films = await Films.open()
  quotas.set('ann@club.test', 100_000)
  const ann = await signUp(films, 'ann@club.test')
  const mine = { route: 'videos.add', headers: ann }
  await assert.rejects(films.begin(100_001, mine), /413 .*TAPRI_FILES_QUOTA/)
  const url = await films.begin(60_000, mine)
  await assert.rejects(films.begin(40_001, mine), /413 .*TAPRI_FILES_QUOTA/)
  await patch(url, 0, film(60_000), ann)
  assert.equal((await give(films, nameIn(url), { path: '/videos/mine', headers: ann })).status, 200)
  const post = (size: number) => {
    const form = new FormData()
    form.append('title', 'Kites')
    form.append('source', new File([film(size)], 'form.mp4', { type: 'video/mp4' }))
    return fetch(`${films.api}/videos/mine`, { method: 'POST', headers: ann, body: form })
  }
  assert.deepEqual(await problemOf(await post(40_001)), [413, 'TAPRI_FILES_QUOTA'])
  // each fits, all of them do not
  const answers = await Promise.all([post(15_000), post(15_000), post(15_000), post(15_000)])
  const kept = answers.filter(({ status }) => status === 200).length
  assert.ok(kept <= 2, String(kept))
  assert.ok(answers.every(({ status }) => status === 200 || status === 413))
  const used = await films.db.tapri_files.sum('size', { where: { owner: { not: null } } })
  assert.ok(used <= 100_000, String(used))
  const [video] = await films.db.videos.find({ where: { title: 'Kites' }, limit: 1 })
  await films.db.videos.delete(video.id)
  await films.started.files.sweep()
  assert.match(await films.begin(15_000, mine), /uploads/)
})

test('an upload whose length nobody told is held to the quota and to maxSize while it comes', async () => {
  await using films = await Films.open()
  quotas.set('ann@club.test', 50_000)
  const ann = await signUp(films, 'ann@club.test')
  const begin = async () => {
    const headers = {
      ...tus,
      ...ann,
      'Upload-Defer-Length': '1',
      'Upload-Metadata': metadata({ route: 'videos.add', field: 'source' }),
    }
    const answer = await fetch(`${films.api}/uploads`, { method: 'POST', headers })
    return new URL(answer.headers.get('location') ?? '', films.api).href
  }
  const url = await begin()
  assert.equal((await patch(url, 0, film(30_000), ann)).status, 204)
  const head = await fetch(url, { method: 'HEAD', headers: { ...tus, ...ann } })
  assert.deepEqual([head.headers.get('upload-defer-length'), head.headers.get('upload-length')], ['1', null])
  assert.deepEqual(await problemOf(await patch(url, 30_000, film(20_001), ann)), [413, 'TAPRI_FILES_QUOTA'])
  assert.deepEqual(await problemOf(await patch(url, 30_000, film(10), { ...ann, 'Upload-Length': '50001' })), [
    413,
    'TAPRI_FILES_QUOTA',
  ])
  assert.equal(
    (await patch(url, 30_000, film(20_000), { ...ann, 'Upload-Length': '50000' })).headers.get('upload-offset'),
    '50000',
  )
  assert.deepEqual(await problemOf(await patch(url, 50_000, film(1), ann)), [400, 'TAPRI_FILES_LENGTH'])
})

test('who has twenty uploads waiting begins no other one', async () => {
  await using films = await Films.open()
  const first = await films.begin(1000)
  for (let made = 1; made < 20; made++) await films.begin(1000)
  await assert.rejects(films.begin(1000), /429 .*TAPRI_FILES_UPLOADS/)
  await patch(first, 0, film(1000))
  await assert.rejects(films.begin(1000), /429/)
  assert.equal((await give(films, nameIn(first))).status, 200)
  assert.match(await films.begin(1000), /uploads/)
})

test('a store without direct uploads is sent to by pieces by who asked for one', async () => {
  await using films = await Films.open()
  const url = await films.begin(1000, { headers: { 'Tapri-Direct': 'true' } })
  assert.equal((await patch(url, 0, film(1000))).status, 204)
  assert.equal((await fetch(url, { method: 'DELETE', headers: tus })).status, 204)
  assert.deepEqual(await films.kept(), nothingKept)
})
