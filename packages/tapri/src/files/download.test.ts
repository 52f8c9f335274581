import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { film, picture, Room } from './room.fixture.ts'

test('a file comes back whole, typed, guarded and revalidatable', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film('कites (1).mp4') })
  const response = await get(room, video.source.url)
  assert.equal(response.status, 200)
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.from(await film().arrayBuffer()))
  assert.equal(response.headers.get('content-type'), 'video/mp4')
  assert.equal(response.headers.get('content-length'), '200000')
  assert.equal(response.headers.get('accept-ranges'), 'bytes')
  assert.equal(
    response.headers.get('content-disposition'),
    `inline; filename="_ites (1).mp4"; filename*=UTF-8''%E0%A4%95ites%20%281%29.mp4`,
  )
  assert.equal(response.headers.get('content-security-policy'), "sandbox; default-src 'none'")
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(response.headers.get('cache-control'), 'private, no-cache')
  const etag = response.headers.get('etag') ?? ''
  assert.match(etag, /^"[0-9a-f]{32}-[0-9a-f]{12}"$/)
  const again = await get(room, video.source.url, { 'if-none-match': etag })
  assert.deepEqual(
    [again.status, again.headers.get('etag'), again.headers.get('cache-control')],
    [304, etag, 'private, no-cache'],
  )
})

test('ranges are answered as RFC 9110 says', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film() })
  const whole = Buffer.from(await film().arrayBuffer())
  const etag = (await get(room, video.source.url)).headers.get('etag') ?? ''
  const cases: [string, number, string | null, Buffer | undefined, Record<string, string>?][] = [
    ['bytes=0-0', 206, 'bytes 0-0/200000', whole.subarray(0, 1)],
    ['bytes=0-99999', 206, 'bytes 0-99999/200000', whole.subarray(0, 100_000)],
    ['bytes=199999-', 206, 'bytes 199999-199999/200000', whole.subarray(-1)],
    ['bytes=-500', 206, 'bytes 199500-199999/200000', whole.subarray(-500)],
    ['bytes=-900000', 206, 'bytes 0-199999/200000', whole],
    ['bytes=100-900000', 206, 'bytes 100-199999/200000', whole.subarray(100)],
    ['bytes=130000-140000', 206, 'bytes 130000-140000/200000', whole.subarray(130_000, 140_001)],
    ['bytes=200000-', 416, 'bytes */200000', undefined],
    ['bytes=x-y', 200, null, whole],
    ['lines=0-5', 200, null, whole],
    ['bytes=0-9', 206, 'bytes 0-9/200000', whole.subarray(0, 10), { 'if-range': etag }],
    ['bytes=0-9', 200, null, whole, { 'if-range': '"another"' }],
  ]
  for (const [range, status, contentRange, bytes, more] of cases) {
    const response = await get(room, video.source.url, { range, ...more })
    const got = Buffer.from(await response.arrayBuffer())
    assert.deepEqual([response.status, response.headers.get('content-range')], [status, contentRange], range)
    if (bytes !== undefined) assert.ok(bytes.equals(got), range)
  }
})

test('a date alone says of no file that its caller has it: what took its place may have begun to come before it', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film('one.mp4') })
  const { url } = video.source
  const first = await get(room, url)
  await first.arrayBuffer()
  const date = first.headers.get('last-modified') ?? ''
  assert.equal(Date.parse(date), Math.floor(room.clock.now() / 1000) * 1000)
  await room.db.videos.update(video.id, { source: film('two.mp4', 100_000) })
  const hourAgo = new Date(room.clock.now() - 3_600_000)
  await room.db.tapri_files.updateWhere({ name: 'two.mp4' }, { at: hourAgo })

  const cases: [Record<string, string>, number, number][] = [
    [{ 'if-modified-since': date }, 200, 100_000],
    [{ 'if-modified-since': hourAgo.toUTCString() }, 200, 100_000],
    [{ range: 'bytes=0-9', 'if-range': date }, 200, 100_000],
    [{ range: 'bytes=0-9', 'if-range': hourAgo.toUTCString() }, 200, 100_000],
    [{ range: 'bytes=0-9' }, 206, 10],
  ]
  for (const [headers, status, size] of cases) {
    const response = await get(room, url, headers)
    assert.deepEqual([response.status, (await response.arrayBuffer()).byteLength], [status, size], JSON.stringify(headers))
    assert.equal(response.headers.get('last-modified'), hourAgo.toUTCString())
  }
  const etag = (await get(room, url)).headers.get('etag') ?? ''
  const known = await get(room, url, { 'if-none-match': etag, 'if-modified-since': date })
  assert.equal(known.status, 304)
})

test('HEAD tells all and sends nothing', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film() })
  const response = await fetch(room.url + video.source.url, { method: 'HEAD' })
  assert.deepEqual([response.status, response.headers.get('content-length'), await response.text()], [200, '200000', ''])
})

test('who may not read the row may not read its file, in the words for a file that is not there', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film() })
  await room.db.videos.update(video.id, { published: false })
  const hidden = await get(room, video.source.url)
  assert.deepEqual([hidden.status, (await hidden.json()).code], [404, 'TAPRI_NOT_FOUND'])
})

test('who had a file is asked about its row again: it may be hidden, have another file or none since', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film() })
  const { url } = video.source
  const read = async () => {
    const response = await get(room, url, { range: 'bytes=0-3' })
    await response.body?.cancel()
    return [response.status, response.headers.get('etag'), response.headers.get('content-range')]
  }
  const before = await read()
  assert.deepEqual([before[0], await read()], [206, before])
  await room.db.videos.update(video.id, { published: false })
  assert.equal((await read())[0], 404)
  await room.db.videos.update(video.id, { published: true })
  assert.deepEqual(await read(), before)

  await room.db.videos.update(video.id, { source: film('boats.mp4', 100_000) })
  const [status, etag, range] = await read()
  assert.deepEqual([status, etag === before[1], range], [206, false, 'bytes 0-3/100000'])
  await room.db.videos.update(video.id, { source: null })
  assert.equal((await read())[0], 404)
})

test('private fields, other fields, other models and made-up ids have no file', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film(), master: film('master.mp4') })
  const places = ['master', 'title', 'poster', 'id', '__proto__', 'constructor'].map(
    (field) => `/files/videos/${video.id}/${field}`,
  )
  places.push('/files/tapri_files/x/key', '/files/constructor/x/y', '/files/videos/nobody/source', '/files/videos/%2e%2e/source')
  for (const place of places) {
    const response = await get(room, place)
    assert.equal(response.status, 404, place)
    await response.body?.cancel()
  }
})

test('only pictures, sound and films are shown; everything else is saved', async () => {
  await using room = await Room.open()
  const notes = new File(['<script>alert(1)</script>'], 'n.txt', { type: 'text/plain' })
  const { body: video } = await room.post({ title: 'Kites', poster: picture(), notes })
  assert.match((await get(room, video.poster.url)).headers.get('content-disposition') ?? '', /^inline/)
  const saved = await get(room, video.notes.url)
  assert.match(saved.headers.get('content-disposition') ?? '', /^attachment/)
  assert.equal(saved.headers.get('content-type'), 'text/plain')
})

test('bytes that are lost are 404 for the caller and an error in the log', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film() })
  await rm(join(room.folder, 'files'), { recursive: true })
  const response = await get(room, video.source.url)
  assert.deepEqual([response.status, (await response.json()).code], [404, 'TAPRI_NOT_FOUND'])
  assert.ok(room.log.some((entry) => entry.event === 'files.bytes.missing' && entry.level === 'error'))
})

test('many readers of one film, some leaving early, are all served and leave no handle open', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film('k.mp4', 1_000_000) })
  const sizes = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const response = await get(room, video.source.url, index % 2 === 0 ? {} : { range: `bytes=${index * 1000}-` })
      if (index % 5 !== 0) return (await response.arrayBuffer()).byteLength - (index % 2 === 0 ? 0 : -index * 1000)
      await response.body?.cancel()
      return 1_000_000
    }),
  )
  assert.ok(sizes.every((size) => size === 1_000_000))
})

function get(room: Room, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(room.url + path, { headers })
}
