import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Films, film, metadata, nameIn, nothingKept, patch, quotas, sha256 } from './uploads.fixture.ts'

const tus = { 'Tus-Resumable': '1.0.0' }
const json = { 'content-type': 'application/json' }
const offsetType = { 'Content-Type': 'application/offset+octet-stream' }

async function signUp(films: Films, email: string): Promise<{ cookie: string }> {
  const body = JSON.stringify({ email, password: 'kites and wind' })
  const answer = await fetch(`${films.api}/auth/sign-up`, { method: 'POST', headers: json, body })
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' }
}

function create(films: Films, headers: Readonly<Record<string, string>>, body?: BodyInit, route = 'videos.create') {
  const place = { 'Upload-Metadata': metadata({ route, field: 'source' }) }
  const init = { method: 'POST', headers: { ...tus, ...place, ...headers }, body, duplex: 'half' }
  return fetch(`${films.api}/uploads`, init as RequestInit)
}

/** A body that breaks off once `isCome` says so. */
function cutAfter(bytes: Uint8Array, isCome: () => Promise<boolean>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes)
      while (!(await isCome())) await pause(5)
      controller.error(new Error('The line is lost'))
    },
  })
}

/** Whether so many bytes of one upload have been written. */
function arrived(films: Films, size: number): () => Promise<boolean> {
  const folder = `${films.folder}/files/partial`
  return async () => {
    const names = await readdir(folder)
    const sizes = await Promise.all(names.map(async (name) => (await stat(`${folder}/${name}`)).size))
    return sizes.some((written) => written >= size)
  }
}

/** Until the requests whose senders have gone have come to their end. */
async function settled<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look()
    if (isSo(seen)) return seen
    await pause(5)
  }
}

test('a creation whose body is cut off, or whose checksum cannot be read, leaves nothing: nobody knows its name', async () => {
  await using films = await Films.open()
  const length = { 'Upload-Length': '3000000', ...offsetType }
  const bogus = await create(films, { ...length, 'Upload-Checksum': 'bogus' }, film(1000))
  assert.deepEqual([bogus.status, (await bogus.json()).code], [400, 'TAPRI_FILES_HEADER'])
  assert.deepEqual(await films.kept(), nothingKept)
  await assert.rejects(create(films, length, cutAfter(film(1_500_000), arrived(films, 1_048_576))))
  const kept = await settled(
    () => films.kept(),
    ({ files, uploads, keys, unfinished }) => files.length + uploads + keys + unfinished === 0,
  )
  assert.deepEqual(kept, nothingKept)
})

test('what came of a body that was cut off counts, also of an upload whose length nobody told', async () => {
  await using films = await Films.open()
  quotas.set('ann@club.test', 2_000_000)
  const ann = await signUp(films, 'ann@club.test')
  const begun = await create(films, { ...ann, 'Upload-Defer-Length': '1' }, undefined, 'videos.add')
  const url = new URL(begun.headers.get('location') ?? '', films.api).href
  const body = cutAfter(film(1_500_000), arrived(films, 1_048_576))
  const headers = { ...tus, ...ann, ...offsetType, 'Upload-Offset': '0' }
  await assert.rejects(fetch(url, { method: 'PATCH', headers, body, duplex: 'half' } as RequestInit))
  const { size } = await settled<{ size: number }>(
    () => films.db.tapri_files.first({}),
    (file) => file.size > 0,
  )
  assert.ok(size >= 1_048_576, String(size))
  const more = await create(films, { ...ann, 'Upload-Length': '1000000' }, undefined, 'videos.add')
  assert.deepEqual([more.status, (await more.json()).code], [413, 'TAPRI_FILES_QUOTA'])
})

test('a piece that is refused for its offset leaves the length of the upload untold', async () => {
  await using films = await Films.open()
  const begun = await create(films, { 'Upload-Defer-Length': '1' })
  const url = new URL(begun.headers.get('location') ?? '', films.api).href
  const refused = await patch(url, 7, film(1000), { 'Upload-Length': '5000' })
  assert.deepEqual([refused.status, (await refused.json()).code], [409, 'TAPRI_FILES_OFFSET'])
  const [{ length }] = await films.db.tapri_uploads.find()
  assert.deepEqual([length, (await films.db.tapri_files.first({})).size], [null, 0])
  assert.equal((await patch(url, 0, film(1000), { 'Upload-Length': '1000' })).status, 204)
})

test('what a visitor has sent counts for the user who gives it to a row', async () => {
  await using films = await Films.open()
  quotas.set('ann@club.test', 10_000)
  const ann = await signUp(films, 'ann@club.test')
  const give = async (size: number) => {
    const url = await films.begin(size)
    await patch(url, 0, film(size))
    const body = JSON.stringify({ title: 'Kites', source: { upload: nameIn(url) } })
    return fetch(`${films.api}/videos/mine`, { method: 'POST', headers: { ...json, ...ann }, body })
  }
  const refused = await give(10_001)
  assert.deepEqual([refused.status, (await refused.json()).code], [413, 'TAPRI_FILES_QUOTA'])
  assert.equal((await give(6000)).status, 200)
  const user = await films.db.users.first({})
  assert.equal(await films.db.tapri_files.sum('size', { where: { owner: user.id } }), 6000)
  assert.equal((await give(6000)).status, 413)
})

/** Whole parts of a film, and their order. */
async function parts(films: Films, bytes: Buffer<ArrayBuffer>, count: number, headers = {}): Promise<string> {
  const size = bytes.length / count
  const urls: string[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const url = await films.begin(size, { headers: { 'Upload-Concat': 'partial', ...headers } })
    assert.equal((await patch(url, 0, bytes.subarray(at, at + size), headers)).status, 204)
    urls.push(url)
  }
  return `final;${urls.join(' ')}`
}

test('as many parts as one may have at once are joined, and the whole says of what it was and takes no bytes', async () => {
  await using films = await Films.open()
  const bytes = film(20_000)
  const concat = await parts(films, bytes, 20)
  const joined = await create(films, { 'Upload-Concat': concat })
  assert.equal(joined.status, 201, await joined.text())
  const url = new URL(joined.headers.get('location') ?? '', films.api).href
  const head = await fetch(url, { method: 'HEAD', headers: tus })
  assert.deepEqual([head.headers.get('upload-concat'), head.headers.get('upload-length')], [concat, '20000'])
  const answer = await patch(url, 20_000, film(10))
  assert.deepEqual([answer.status, (await answer.json()).code], [403, 'TAPRI_FILES_JOINED'])
  assert.deepEqual(await films.kept(), { files: ['kites.mp4 pending'], uploads: 1, keys: 1, unfinished: 0 })
})

test('parts that two requests join at once become one file, and the other request leaves nothing', async () => {
  await using films = await Films.open()
  const bytes = film(3_000_000)
  const concat = await parts(films, bytes, 3)
  const answers = await Promise.all([1, 2, 3].map(() => create(films, { 'Upload-Concat': concat })))
  const statuses = answers.map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 201).length, 1, String(statuses))
  assert.ok(
    statuses.every((status) => [201, 404, 409].includes(status)),
    String(statuses),
  )
  assert.deepEqual(await films.kept(), { files: ['kites.mp4 pending'], uploads: 1, keys: 1, unfinished: 0 })
  assert.equal((await films.db.tapri_files.first({})).sha256, sha256(bytes))
})

test('a join that fails leaves its parts and nothing else', async () => {
  await using films = await Films.open()
  const concat = await parts(films, Buffer.alloc(20_000, 'x'), 2)
  const answer = await create(films, { 'Upload-Concat': concat })
  assert.deepEqual([answer.status, (await answer.json()).code], [415, 'TAPRI_FILES_TYPE'])
  assert.deepEqual(await films.kept(), { files: ['kites.mp4 pending', 'kites.mp4 pending'], uploads: 2, keys: 2, unfinished: 0 })
  // a part whose bytes are lost
  const whole = await parts(films, film(20_000), 2)
  const row = await films.db.tapri_files.first({ orderBy: '-id' })
  const { openDisk } = await import('tapri/files')
  const store = await openDisk(`${films.folder}/files`)
  await store.delete(row.key)
  assert.ok((await create(films, { 'Upload-Concat': whole })).status >= 400)
  assert.deepEqual((await films.kept()).uploads, 4)
})

test('parts that a visitor has sent count for the user who joins them', async () => {
  await using films = await Films.open()
  quotas.set('ann@club.test', 10_000)
  const ann = await signUp(films, 'ann@club.test')
  const theirs = await parts(films, film(20_000), 2)
  const answer = await create(films, { ...ann, 'Upload-Concat': theirs })
  assert.deepEqual([answer.status, (await answer.json()).code], [413, 'TAPRI_FILES_QUOTA'])
  const own = await parts(films, film(8000), 2, ann)
  assert.equal((await create(films, { ...ann, 'Upload-Concat': own })).status, 201)
})

test('bytes that become a file after its row has gone are removed', async () => {
  await using films = await Films.open()
  const bytes = film(2_000_000)
  const url = await films.begin(bytes.length)
  const isCome = arrived(films, 1_048_576)
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(bytes.subarray(0, 1_500_000))
      while (!(await isCome())) await pause(5)
      // as by a node that has given it up while this process stood still
      await films.db.tapri_files.deleteWhere({ name: 'kites.mp4' })
      controller.enqueue(bytes.subarray(1_500_000))
      controller.close()
    },
  })
  const headers = { ...tus, ...offsetType, 'Upload-Offset': '0' }
  const answer = await fetch(url, { method: 'PATCH', headers, body, duplex: 'half' } as RequestInit)
  assert.equal(answer.status, 404)
  assert.deepEqual(await films.kept(), nothingKept)
})
