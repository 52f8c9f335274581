import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { manualClock } from '../../kit/clock.ts'
import { Cinema, filmed, filmedPath, pictures, playable, played, programsIn, withoutFfmpeg } from '../media/films.fixture.ts'
import { bytesOf, channel, emptyPackets, leave, over, Push, pieces, sending, sent, shown } from './push.fixture.ts'

const skip = withoutFfmpeg

test('an encoder that comes back goes on after a discontinuity, also on another node', { skip }, async () => {
  const clock = manualClock(Date.now())
  await using cinema = await Cinema.open({ clock })
  const { id, url, push: first } = await sending(cinema)
  const { stream } = await shown(cinema, id, (value) => value?.state === 'live')
  await pieces(cinema, 3)
  first.destroy()
  await cinema.close()
  await using other = await Cinema.open({ folder: cinema.folder, clock })
  const second = new Push(other.url + new URL(url).pathname + new URL(url).search)
  second.write(await sent())
  await pieces(other, 6)
  assert.match(await other.text(stream), /head-0\.mp4[\s\S]*#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="head-1\.mp4/)
  second.end()
  assert.equal((await second.answer).status, 200)
  assert.equal((await shown(other, id, (value) => value?.state === 'ended')).stream, stream)
  const { complaints } = await played(other.url + stream)
  assert.equal(complaints, '')
})

test('a stream of which nothing comes any more ends after 20 seconds, and is gone a minute after that', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, push } = await sending(cinema)
  const { stream } = await shown(cinema, id, (value) => value?.state === 'live')
  await leave(cinema, push)
  cinema.advance(19_000)
  await cinema.files.streams.look()
  assert.doesNotMatch(await cinema.text(stream), /ENDLIST/)
  cinema.advance(1000)
  await cinema.files.streams.look()
  assert.match(await cinema.text(stream), /ENDLIST/)
  await over(cinema, id)
  assert.equal((await cinema.get(stream)).status, 404)
})

test('an encoder that is back in the last seconds of a stream, or of what is seen of its end, has its time to make a piece', {
  skip,
}, async () => {
  const film = await sent()
  for (const state of ['live', 'ended']) {
    await using cinema = await Cinema.open()
    const { id, url, push } = await sending(cinema)
    await shown(cinema, id, (value) => value?.state === 'live')
    if (state === 'live') await leave(cinema, push)
    else {
      push.end()
      assert.equal((await push.answer).status, 200)
    }
    const [before] = await cinema.db.tapri_streams.find()
    cinema.advance(state === 'live' ? 18_000 : 58_000)
    const { source, pushing } = await back(cinema, url)
    const kept = async (milliseconds: number) => {
      await setImmediate()
      cinema.advance(milliseconds)
      await cinema.files.streams.look()
      assert.equal((await cinema.db.films.get(id)).live?.state, state)
    }
    source.write(film.subarray(0, 18_800))
    await kept(2500)
    // its first key frame is far
    for (let seconds = 0; seconds < 40; seconds += 5) {
      source.write(emptyPackets)
      await kept(5000)
    }
    source.end(film.subarray(18_800))
    assert.ok((await pushing).pieces > 4)
    const [after] = await cinema.db.tapri_streams.find()
    assert.equal(after.file, before.file)
  }
})

test('an encoder that is back after the end and falls silent is told that, and no other reason', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, url, push } = await sending(cinema)
  push.end()
  assert.equal((await push.answer).status, 200)
  cinema.advance(58_000)
  const { source, pushing } = await back(cinema, url)
  const refused = assert.rejects(pushing, { code: 'TAPRI_FILES_STALLED' })
  source.write(emptyPackets)
  await setImmediate()
  cinema.advance(19_000)
  await cinema.files.streams.look()
  assert.equal((await cinema.db.films.get(id)).live?.state, 'ended')
  cinema.advance(1000)
  await cinema.files.streams.look()
  assert.equal((await cinema.db.films.get(id)).live, null)
  await refused
})

test('a second push takes the stream over, and a new key ends what is sent with the old one', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, url, push: first } = await sending(cinema)
  await pieces(cinema, 1)
  const second = new Push(url)
  second.write(await sent())
  const { status, body } = await first.answer
  assert.deepEqual([status, body.code], [409, 'TAPRI_FILES_STREAM_TAKEN'])
  await pieces(cinema, 4)
  await cinema.files.actions.newPushUrl({ model: 'films', id, field: 'live' })
  assert.equal((await second.answer).body.code, 'TAPRI_FILES_STREAM_TAKEN')
  const third = new Push(url)
  third.end()
  assert.deepEqual([(await third.answer).status, (await third.answer).body.code], [403, 'TAPRI_FILES_STREAM_KEY'])
  assert.deepEqual(await programsIn(cinema.folder), [])
})

test('a key that is made void while a push with it begins ends that push', async () => {
  await using cinema = await Cinema.open()
  const refused = { code: /^TAPRI_FILES_STREAM_(?:KEY|TAKEN)$/ }
  for (let turns = 0; turns < 40; turns++) {
    const { id, url } = await channel(cinema)
    const { pathname, searchParams } = new URL(url)
    const renewed = cinema.files.actions.newPushUrl({ model: 'films', id, field: 'live' })
    for (let turn = 0; turn < turns; turn++) await null
    const source = new PassThrough()
    const push = cinema.files.streams.push(pathname.split('/').at(-1) ?? '', searchParams.get('key') ?? '', source)
    await Promise.all([renewed, assert.rejects(push, refused, `after ${turns} turns`)])
  }
})

test('an encoder that comes back before its lost line is known to be lost takes over where there is no room for another', {
  skip,
}, async () => {
  await using cinema = await Cinema.open({ streamsAtOnce: 1 })
  const { url, push: lost } = await sending(cinema)
  await pieces(cinema, 1)
  const other = new Push((await channel(cinema)).url)
  other.end()
  assert.deepEqual([(await other.answer).status, (await other.answer).body.code], [503, 'TAPRI_FILES_BUSY'])
  const back = new Push(url)
  back.write(await sent())
  assert.equal((await lost.answer).body.code, 'TAPRI_FILES_STREAM_TAKEN')
  await pieces(cinema, 4)
  back.end()
  assert.equal((await back.answer).status, 200)
})

test('a stream whose key frames are far apart stays live while bytes come, and ends when none do', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, url } = await channel(cinema)
  const { pathname, searchParams } = new URL(url)
  const source = new PassThrough()
  const pushing = cinema.files.streams.push(pathname.split('/').at(-1) ?? '', searchParams.get('key') ?? '', source)
  const refused = assert.rejects(pushing, { code: 'TAPRI_FILES_STALLED' })
  source.write(await sent())
  await pieces(cinema, 5)
  const passed = async () => {
    await setImmediate()
    cinema.advance(5000)
    await cinema.files.streams.look()
    return (await cinema.db.films.get(id)).live.state
  }
  for (let seconds = 0; seconds < 40; seconds += 5) {
    source.write(emptyPackets)
    assert.equal(await passed(), 'live')
  }
  for (let seconds = 0; seconds < 10; seconds += 5) assert.equal(await passed(), 'live')
  assert.equal(await passed(), 'ended')
  await refused
})

test('a push whose sender leaves at once ends, and leaves no program', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { url } = await channel(cinema)
  const { pathname, searchParams } = new URL(url)
  const source = new PassThrough()
  const pushing = cinema.files.streams.push(pathname.split('/').at(-1) ?? '', searchParams.get('key') ?? '', source)
  source.destroy()
  await assert.rejects(pushing, { code: 'TAPRI_FILES_ABORTED' })
})

test('only who may read the row may watch', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, push } = await sending(cinema)
  const { stream } = await shown(cinema, id, (value) => value?.state === 'live')
  await pieces(cinema, 1)
  assert.equal((await cinema.get(stream.replace('/live.m3u8', ''))).status, 404)
  const piece = new URL(/^piece-0-0[^\n]*/m.exec(await cinema.text(stream))?.[0] ?? '', cinema.url + stream)
  assert.equal((await fetch(piece)).status, 200)
  await cinema.db.films.update(id, { open: false })
  assert.equal((await fetch(new URL(`live.m3u8${piece.search}`, piece))).status, 403)
  assert.equal((await cinema.get(stream)).status, 404)
  cinema.advance(600_000)
  assert.equal((await fetch(piece)).status, 403)
  push.destroy()
})

test('a row that goes ends its stream and leaves nothing', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, push } = await sending(cinema)
  await pieces(cinema, 1)
  await cinema.db.films.delete(id)
  push.write(await sent())
  push.write(await sent())
  push.end()
  assert.equal((await push.answer).status, 404)
  await cinema.files.sweep()
  assert.deepEqual(await cinema.kept(), { names: [], keys: 0 })
  assert.equal(await cinema.db.tapri_streams.count(), 0)
})

test('a row that goes before anything was sent takes its key with it', async () => {
  await using cinema = await Cinema.open()
  const { id } = await channel(cinema)
  const other = await channel(cinema)
  await cinema.db.films.delete(id)
  const left: readonly { row: string }[] = await cinema.db.tapri_streams.find()
  assert.deepEqual(
    left.map(({ row }) => row),
    [other.id],
  )
})

test('a stream that cannot be ended keeps no other from its end', { skip }, async () => {
  await using cinema = await Cinema.open()
  const [broken, sound] = [await live(cinema), await live(cinema)]
  const streams: readonly { id: string; row: string }[] = await cinema.db.tapri_streams.find()
  const stream = streams.find(({ row }) => row === broken)
  // its file is not there any more
  await cinema.db.tapri_files.delete((await cinema.db.films.get(broken)).live.id)
  cinema.advance(20_000)
  await cinema.files.streams.look()
  assert.equal((await cinema.db.films.get(sound)).live.state, 'ended')
  const told = cinema.log.filter(({ event }) => event === 'files.stream.not-ended')
  assert.deepEqual([...new Set(told.map(({ facts }) => facts.stream))], [stream?.id])
})

test('who has been sent to is cut off when the server stops, and nobody is taken after', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { url, push } = await sending(cinema)
  await pieces(cinema, 1)
  await cinema.files.streams.close()
  const next = new Push(url)
  next.end()
  for (const { status, body } of [await push.answer, await next.answer]) {
    assert.deepEqual([status, body.code], [503, 'TAPRI_FILES_BUSY'])
  }
  push.destroy()
})

test('a stream without key frames is refused before it fills the memory', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, url } = await channel(cinema)
  const noise = ['-vf', 'noise=alls=100:allf=t', '-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '1', '-g', '9999']
  const still = ['-pix_fmt', 'yuv420p', '-sc_threshold', '0', '-keyint_min', '9999']
  const push = new Push(url)
  push.write(await bytesOf(filmed('noise.ts', [...pictures('1280x720', { seconds: 2 }), ...noise, ...still])))
  // it goes on being sent
  const { status, body } = await push.answer
  assert.deepEqual([status, body.code], [415, 'TAPRI_FILES_STREAM'])
  assert.match(body.detail, /hardly any key frames/)
  assert.equal((await cinema.db.films.get(id)).live, null)
  push.destroy()
})

test('what is no stream of H.264 and AAC is refused, and nothing of it is shown', { skip }, async () => {
  await using cinema = await Cinema.open()
  const old = filmed('old.ts', [...pictures('320x180', { seconds: 4 }), '-c:v', 'mpeg2video'])
  const loud = filmed('loud.ts', ['-i', filmedPath(playable()), '-c:v', 'copy', '-c:a', 'mp3'])
  const contents = [
    await bytesOf(old),
    await bytesOf(loud),
    Buffer.from('#EXTM3U\nfile:///etc/passwd\n'),
    Buffer.alloc(100_000, 'x'),
    Buffer.alloc(0),
  ]
  for (const [at, content] of contents.entries()) {
    const { id, url } = await channel(cinema)
    const push = new Push(url)
    push.write(content)
    push.end()
    const { status, body } = await push.answer
    assert.deepEqual([status, body.code], [415, 'TAPRI_FILES_STREAM'], String(at))
    assert.match(body.detail, /send MPEG-TS or fragmented MP4 with H\.264 and AAC/)
    assert.equal((await cinema.db.films.get(id)).live, null)
  }
  assert.deepEqual(await cinema.kept(), { names: [], keys: 0 })
  const { id } = await cinema.db.films.create({})
  await assert.rejects(cinema.files.actions.newPushUrl({ model: 'films', id, field: 'film' }), { code: 'TAPRI_NOT_FOUND' })
  await assert.rejects(cinema.files.actions.newPushUrl({ model: 'tapri_files', id, field: 'key' }), { code: 'TAPRI_NOT_FOUND' })
})

/** An encoder that sends again to the one stream there is, once it has taken it. */
async function back(cinema: Cinema, url: string) {
  const holder = async () => (await cinema.db.tapri_streams.first()).push
  const before = await holder()
  const { pathname, searchParams } = new URL(url)
  const source = new PassThrough()
  const pushing = cinema.files.streams.push(pathname.split('/').at(-1) ?? '', searchParams.get('key') ?? '', source)
  while ((await holder()) === before) await setImmediate()
  // what it begins with then is begun by now
  await setImmediate()
  return { source, pushing }
}

/** A row to which something was sent, and whose encoder has gone. */
async function live(cinema: Cinema): Promise<string> {
  const { id, push } = await sending(cinema)
  await shown(cinema, id, (value) => value?.state === 'live')
  await leave(cinema, push)
  return id
}

test('nobody writes the field but the framework', async () => {
  await using cinema = await Cinema.open()
  const live = { id: 'x', state: 'live', since: 'now', stream: '/x' }
  await assert.rejects(cinema.db.films.create({ live }), { code: 'TAPRI_INVALID' })
  await assert.rejects(cinema.db.films.create({ live: new File(['words'], 'words.txt') }), { code: 'TAPRI_FILES_TOO_LARGE' })
})
