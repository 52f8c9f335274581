import assert from 'node:assert/strict'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { manualClock } from '../../kit/clock.ts'
import type { Filmed } from '../media.ts'
import {
  Cinema,
  filmed,
  filmedPath,
  foreign,
  pictures,
  playable,
  played,
  probed,
  programsIn,
  recording,
  withoutFfmpeg,
} from './films.fixture.ts'
import { changeFilmed } from './row-media.ts'

const skip = withoutFfmpeg
const ready = { state: 'ready', progress: 1, reason: null }

test('a film that a row takes is made ready: its facts, a poster, renditions and their sound', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { film } = await cinema.show({ film: playable() })
  assert.deepEqual(film.processing, ready)
  assert.deepEqual([film.duration, film.width, film.height], [6, 640, 360])
  const made = ['180p', '90p', 'sound', 'source'].flatMap((name) => [`${name}.m3u8`, `${name}.mp4`])
  assert.deepEqual((await cinema.kept()).names, [...made, 'poster'].sort())
  const poster = await cinema.get(film.poster)
  assert.equal(poster.headers.get('content-type'), 'image/jpeg')
  const { streams } = await probed(cinema.url + film.poster)
  assert.deepEqual([streams[0].width, streams[0].height], [640, 360])
})

test('every rendition plays to its end, and their pieces begin at the same moments', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { film } = await cinema.show({ film: playable() })
  const master = await cinema.text(film.stream)
  const at = (name: string) => new URL(named(master, name), cinema.url + film.stream).href
  for (const name of ['180p', '90p']) {
    const { frames, complaints } = await played(at(name))
    assert.deepEqual([frames, complaints], [150, ''], name)
  }
  const whole = await played(cinema.url + film.stream)
  assert.equal(whole.complaints, '')
  assert.ok(whole.seconds > 5.9 && whole.seconds < 6.2, String(whole.seconds))
  const lengths = await Promise.all(
    ['180p', '90p'].map(async (name) => (await (await fetch(at(name))).text()).match(/EXTINF:[\d.]+/g)),
  )
  assert.deepEqual(lengths[0], ['EXTINF:4.000000', 'EXTINF:2.000000'])
  assert.deepEqual(lengths[0], lengths[1])
  assert.match(
    master,
    /BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1\.64[0-9a-f]{4},mp4a\.40\.2",RESOLUTION=320x180,FRAME-RATE=25\.000,AUDIO="sound"/,
  )
})

test('what browsers play can be played as it came while the rest is made, and is removed a day later', { skip }, async () => {
  await using cinema = await Cinema.open()
  const masters: Promise<string>[] = []
  cinema.database.changes.subscribe(({ changes }) => {
    const { after } = changes.find(({ model }) => model === 'films') ?? {}
    const media: any = after?.film
    if (media?.media?.stream === true && media.media.state === 'working') masters.push(cinema.text(pathOf(after?.id ?? '')))
  })
  const { id } = await cinema.show({ film: playable() })
  assert.match((await masters[0]) ?? '', /RESOLUTION=640x360[^\n]*\nsource\.m3u8/)
  assert.doesNotMatch(await cinema.text(pathOf(id)), /source/)
  cinema.advance(24 * 3_600_000)
  await cinema.files.films.sweep()
  const { names } = await cinema.kept()
  assert.ok(!names.some((name) => name.startsWith('source')) && names.includes('180p.mp4'))
})

test('what browsers do not play gets its smallest rendition first, and plays with sound', { skip }, async () => {
  await using cinema = await Cinema.open()
  const made: string[] = []
  cinema.database.changes.subscribe(({ changes }) => {
    for (const { model, before, after } of changes) {
      if (model === 'tapri_renditions' && before !== null && after !== null) made.push(String(after.name))
    }
  })
  const { film } = await cinema.show({ film: foreign() })
  assert.deepEqual(film.processing, ready)
  assert.deepEqual(
    made.filter((name) => name.endsWith('.mp4')),
    ['sound.mp4', '90p.mp4', '180p.mp4'],
  )
  assert.equal((await played(cinema.url + film.stream)).complaints, '')
})

test('a recording has its sound alone, whatever picture is on its cover', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { sound } = await cinema.show({ sound: recording() })
  assert.deepEqual(sound.processing, ready)
  assert.ok(Math.abs(sound.duration - 6) < 0.1)
  assert.match(await cinema.text(sound.stream), /CODECS="mp4a\.40\.2"\nsound\.m3u8/)
  const { seconds, complaints } = await played(cinema.url + sound.stream)
  assert.ok(Math.abs(seconds - 6) < 0.2 && complaints === '', `${seconds} ${complaints}`)
})

test('a film that was turned is upright, a silent one is silent, one of sound has no pictures', { skip }, async () => {
  await using cinema = await Cinema.open()
  const turned = filmed('turned.mp4', ['-i', filmedPath(playable()), '-c', 'copy', '-metadata:s:v:0', 'rotate=90'])
  const { film } = await cinema.show({ film: turned })
  assert.deepEqual([film.width, film.height, film.processing.state], [360, 640, 'ready'])
  assert.match(await cinema.text(film.stream), /RESOLUTION=180x320/)
  const silent = filmed('silent.mp4', [...pictures('320x90', { seconds: 2 }), '-c:v', 'libx264', '-pix_fmt', 'yuv420p'])
  const quiet = await cinema.show({ film: silent })
  assert.doesNotMatch(await cinema.text(quiet.film.stream), /mp4a|AUDIO/)
  const heard = await cinema.show({ film: filmed('heard.mp4', ['-i', filmedPath(playable()), '-vn', '-c', 'copy']) })
  assert.deepEqual([heard.film.processing.state, heard.film.width, heard.film.poster], ['ready', null, null])
})

test('who may not read the row gets no playlist; who got one can play on until its URLs expire', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, film } = await cinema.show({ film: playable() })
  const rendition = new URL(named(await cinema.text(film.stream), '180p'), cinema.url + film.stream)
  await cinema.db.films.update(id, { open: false })
  assert.equal((await cinema.get(film.stream)).status, 404)
  assert.equal((await cinema.get(film.poster)).status, 404)
  const piece = new URL(named(await (await fetch(rendition)).text(), '180p', 'mp4'), rendition)
  const range = await fetch(piece, { headers: { range: 'bytes=0-99' } })
  assert.deepEqual([range.status, range.headers.get('content-type')], [206, 'video/mp4'])
  const changed = new URL(piece)
  const token = piece.searchParams.get('token') ?? ''
  changed.searchParams.set('token', token.slice(0, -3) + (token.at(-3) === 'A' ? 'B' : 'A') + token.slice(-2))
  assert.equal((await fetch(changed)).status, 403)
  cinema.advance(13 * 3_600_000)
  assert.equal((await fetch(piece)).status, 403)
  assert.equal((await fetch(rendition)).status, 403)
})

test('a film that goes while it is made leaves nothing', { skip }, async () => {
  await using cinema = await Cinema.open()
  for (const how of ['row', 'field'] as const) {
    const { id } = await cinema.db.films.create({ film: playable() })
    await began(cinema, id)
    if (how === 'row') await cinema.db.films.delete(id)
    else await cinema.db.films.update(id, { film: null })
    await cinema.files.films.settled()
    while ((await programsIn(cinema.folder)).length > 0) await setTimeout(5)
    await cinema.files.sweep()
    assert.deepEqual(await cinema.kept(), { names: [], keys: 0 }, how)
    assert.equal(await cinema.db.tapri_films.count(), 0)
  }
  assert.ok(!cinema.log.some(({ event }) => event === 'files.film.ready'))
})

test('a film that is cancelled stays as it came, and is made ready when it is asked for again', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id } = await cinema.db.films.create({ film: playable() })
  await began(cinema, id)
  const { film } = await cinema.db.films.get(id)
  await cinema.files.actions.cancel(film)
  await cinema.files.films.settled()
  assert.equal((await cinema.db.films.get(id)).film.processing.state, 'cancelled')
  assert.equal((await cinema.get(film.url)).status, 200)
  await cinema.files.actions.retry(film)
  await cinema.files.films.settled()
  assert.deepEqual((await cinema.db.films.get(id)).film.processing, ready)
})

test('what is no film after all has failed, with a sentence and without leftovers', { skip }, async () => {
  await using cinema = await Cinema.open()
  const whole = Buffer.from(await playable().arrayBuffer())
  const cases = [
    new File([whole.subarray(0, 4000)], 'short.mp4'),
    new File([Buffer.concat([whole.subarray(0, 100), Buffer.alloc(50_000)])], 'zeros.mp4'),
  ]
  for (const broken of cases) {
    const { film } = await cinema.show({ film: broken })
    assert.equal(film.processing.state, 'failed', broken.name)
    assert.match(film.processing.reason, /^Cannot make the film ready: /)
    assert.ok(!film.processing.reason.includes(cinema.folder))
    assert.equal(film.stream, null)
  }
  assert.deepEqual((await cinema.kept()).names, [])
})

test('what an earlier attempt has finished is not made again, and the row is told of it', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, film } = await cinema.show({ film: playable() })
  const kept = () => cinema.db.tapri_renditions.find({ orderBy: 'name' })
  const before = await kept()
  const [file] = await cinema.db.tapri_files.find()
  const untold = (now: Filmed): Filmed => ({ ...now, state: 'working', poster: false, stream: false })
  await changeFilmed(cinema.database, { model: 'films', row: id, field: 'film', file }, untold)
  const [job] = await cinema.db.tapri_films.find()
  await cinema.db.tapri_films.update(job.id, { state: 'waiting', expires: new Date(0) })
  await cinema.files.films.settled()
  assert.deepEqual((await cinema.db.films.get(id)).film, film)
  assert.deepEqual(await kept(), before)
})

test('without ffmpeg the original plays, a sentence says why, and it is made ready once there is one', async () => {
  await using cinema = await Cinema.open({ ffmpeg: 'no-such-ffmpeg' })
  const { id, film } = await cinema.show({
    film: new File([Buffer.from('\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2mp41', 'latin1')], 'k.mp4'),
  })
  assert.deepEqual(film.processing, {
    state: 'unavailable',
    progress: 0,
    reason: 'It plays as it is: this server has no ffmpeg to make it ready for streaming',
  })
  assert.equal((await cinema.get(film.url)).status, 200)
  await cinema.close()
  if (withoutFfmpeg !== false) return
  await using next = await Cinema.open({ folder: cinema.folder })
  await next.files.films.settled()
  assert.equal((await next.db.films.get(id)).film.processing.state, 'failed')
})

test('captions are given in WebVTT, played with the film, and kept while it is made', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id } = await cinema.db.films.create({ film: playable() })
  const { film: fresh } = await cinema.db.films.get(id)
  await cinema.files.actions.addCaptions(fresh, {
    language: 'hi',
    label: 'हिन्दी',
    text: 'WEBVTT\n\n00:01.000 --> 00:03.000\nपतंग',
  })
  await cinema.files.films.settled()
  const { film } = await cinema.db.films.get(id)
  assert.deepEqual(
    film.captions.map(({ language, label }: any) => [language, label]),
    [['hi', 'हिन्दी']],
  )
  assert.match(await cinema.text(film.captions[0].url), /पतंग/)
  assert.match(await cinema.text(film.stream), /TYPE=SUBTITLES[^\n]*LANGUAGE="hi"[^\n]*URI="captions-hi\.m3u8\?/)
  const list = new URL(named(await cinema.text(film.stream), 'captions-hi'), cinema.url + film.stream)
  const words = new URL(named(await (await fetch(list)).text(), 'captions-hi', 'vtt'), list)
  assert.match(await (await fetch(words)).text(), /पतंग/)
  for (const wrong of [{ text: 'words' }, { language: '../x' }, { label: '' }, { text: `WEBVTT\n${'x'.repeat(2_000_000)}` }]) {
    const given = { language: 'en', label: 'English', text: 'WEBVTT\n', ...wrong }
    await assert.rejects(cinema.files.actions.addCaptions(film, given), { code: 'TAPRI_FILES_CAPTIONS', status: 422 })
  }
})

test('a store that is out of order for a while only delays a film', { skip }, async () => {
  await using cinema = await Cinema.open({ clock: manualClock(Date.now()) })
  const { id } = await cinema.db.films.create({ film: playable() })
  const folder = join(cinema.folder, 'files', 'incoming')
  await rename(folder, `${folder}.away`)
  await writeFile(folder, 'no folder')
  await cinema.files.films.settled()
  assert.equal((await cinema.db.tapri_films.first()).state, 'waiting')
  await rename(`${folder}.away`, `${folder}.back`)
  await rename(folder, `${folder}.away`)
  await rename(`${folder}.back`, folder)
  cinema.advance(15_000)
  await cinema.files.films.settled()
  assert.deepEqual((await cinema.db.films.get(id)).film.processing, ready)
})

test('progress is told in the row, at most once a second', { skip }, async () => {
  const clock = manualClock(Date.now())
  await using cinema = await Cinema.open({ clock })
  const told: number[] = []
  cinema.database.changes.subscribe(({ changes }) => {
    for (const { after } of changes) {
      const film: any = after?.film
      if (film?.media?.state === 'working' && film.media.progress > (told.at(-1) ?? 0)) told.push(film.media.progress)
    }
  })
  await cinema.show({ film: filmed('long.mp4', ['-stream_loop', '5', '-i', filmedPath(playable()), '-c', 'copy']) })
  // the clock stood still: the first news is told, and then no second passed
  assert.equal(told.length, 1)
  assert.ok((told[0] ?? 0) >= 0.05 && (told[0] ?? 1) < 1, String(told))
})

function pathOf(id: string): string {
  return `/files/films/${id}/film/stream.m3u8`
}

/** The line of a playlist that names a file. */
function named(playlist: string, name: string, ending = 'm3u8'): string {
  const file = `${name}.${ending}`
  const line = playlist.split(/[\n"]/).find((each) => each.startsWith(file))
  assert.ok(line !== undefined, playlist)
  return line
}

/** Ends once the film has been looked at. */
async function began(cinema: Cinema, id: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = cinema.database.changes.subscribe(({ changes }) => {
    const media: any = changes.find((change) => change.id === id)?.after?.film
    if (media?.media?.poster === true) resolve()
  })
  await promise
  stop()
}
