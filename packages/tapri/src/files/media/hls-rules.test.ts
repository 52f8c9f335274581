import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as hls from 'hls-parser'
import * as mp4 from 'mp4box'
import { channel, Push, pieces, sent } from '../streams/push.fixture.ts'
import { Cinema, filmed, filmedPath, foreign, pictures, playable, recording, withoutFfmpeg } from './films.fixture.ts'

hls.setOptions({ strictMode: true })

interface Fetched {
  readonly name: string
  readonly playlist: any
}

class Reader {
  readonly #cinema: Cinema

  constructor(cinema: Cinema) {
    this.#cinema = cinema
  }

  async #playlist(url: URL): Promise<any> {
    return hls.parse(await (await fetch(url)).text())
  }

  /** A master playlist, and all that it leads to. */
  async master(path: string): Promise<{ master: any; media: Fetched[]; subtitles: Fetched[] }> {
    const url = new URL(path, this.#cinema.url)
    const master = await this.#playlist(url)
    assert.equal(master.isMasterPlaylist, true)
    const read = async (uri: string) => ({ name: uri.replace(/\.m3u8.*/, ''), playlist: await this.#playlist(new URL(uri, url)) })
    const renditions = (kind: 'audio' | 'subtitles') =>
      new Set<string>(master.variants.flatMap((each: any) => each[kind].map(({ uri }: any) => uri)))
    const uris = [...master.variants.map(({ uri }: any) => uri), ...renditions('audio')]
    return {
      master,
      media: await Promise.all(uris.map(read)),
      subtitles: await Promise.all([...renditions('subtitles')].map(read)),
    }
  }

  async media(path: string): Promise<any> {
    return this.#playlist(new URL(path, this.#cinema.url))
  }

  async bytes(path: string, uri: string): Promise<Buffer> {
    const answer = await fetch(new URL(uri, new URL(path, this.#cinema.url)))
    assert.equal(answer.status, 200)
    return Buffer.from(await answer.arrayBuffer())
  }
}

/** draft-pantos-hls-rfc8216bis 4.4.3.1, 4.4.4.1, 4.4.4.2, 6.2.4: what holds of every playlist that can be played to its end. */
function checkWhole({ name, playlist }: Fetched): void {
  assert.equal(playlist.isMasterPlaylist, false, name)
  assert.deepEqual([playlist.playlistType, playlist.endlist, playlist.version >= 6], ['VOD', true, true], name)
  let at: number | undefined
  for (const { duration, byterange, map } of playlist.segments) {
    assert.ok(duration > 0 && Math.round(duration) <= playlist.targetDuration, `${name} ${duration}`)
    assert.equal(map.byterange.offset, 0, name)
    assert.equal(byterange.offset, at ?? map.byterange.length, `${name}: a piece begins where the one before ends`)
    at = byterange.offset + byterange.length
  }
}

interface Fragmented {
  readonly codecs: readonly string[]
  /** Of each piece: when it begins and how long its tracks are, in seconds. */
  readonly pieces: readonly { readonly from: number; readonly to: number }[]
}

/** ISO/IEC 23000-19 (CMAF) 7.3: a header without samples, then pieces that begin with a picture that needs no other and follow each other without a gap. */
function checkFragmented(bytes: Buffer, { tracks }: { readonly tracks: number }): Fragmented {
  // a parser whose boxes have a type each: what is missing of one fails below
  const file: any = mp4.createFile()
  const whole = Uint8Array.from(bytes).buffer
  let info: any
  file.onReady = (told: any) => {
    info = told
  }
  file.onError = (error: unknown) => assert.fail(String(error))
  file.appendBuffer(Object.assign(whole, { fileStart: 0 }))
  file.flush()
  const types = file.boxes.map(({ type }: any) => type).filter((type: string) => type !== 'mfra' && type !== 'styp')
  assert.match(types.join(' '), /^ftyp moov( moof mdat)+$/)
  assert.deepEqual([info.isFragmented, info.tracks.length], [true, tracks])
  for (const track of file.moov.traks) assert.equal(track.mdia.minf.stbl.stsz.sample_sizes?.length ?? 0, 0)
  const ends = new Map<number, number>()
  const all = file.moofs.map(({ trafs }: any, index: number) => {
    assert.equal(trafs.length, tracks)
    const [first] = trafs.map(({ tfhd, tfdt, truns }: any) => {
      const track = file.moov.traks.find((each: any) => each.tkhd.track_id === tfhd.track_id)
      const { timescale } = track.mdia.mdhd
      assert.ok((tfhd.flags & 0x20000) !== 0 && (tfhd.flags & 1) === 0, 'its bytes are told from the beginning of its piece')
      const begins = tfdt.baseMediaDecodeTime
      assert.equal(begins, ends.get(tfhd.track_id) ?? begins, 'it goes on where the piece before ended')
      const usual = tfhd.default_sample_duration ?? 0
      const ticks = truns.flatMap((run: any) =>
        Array.from({ length: run.sample_count }, (_, at) => run.sample_duration[at] ?? usual),
      )
      ends.set(tfhd.track_id, begins + ticks.reduce((sum: number, each: number) => sum + each, 0))
      const samples = track.samples.filter((sample: any) => sample.moof_number === index + 1)
      assert.equal(samples[0]?.is_sync, true)
      return { from: begins / timescale, to: (ends.get(tfhd.track_id) ?? 0) / timescale }
    })
    return first
  })
  return { codecs: info.tracks.map(({ codec }: any) => codec), pieces: all }
}

/** A master playlist, its media playlists and their files fit together. */
async function checkFilm(cinema: Cinema, path: string): Promise<{ master: any }> {
  const reader = new Reader(cinema)
  const { master, media, subtitles } = await reader.master(path)
  for (const each of media) checkWhole(each)
  // 6.2.4: all of them have the same target duration, but those of captions
  assert.equal(new Set(media.map(({ playlist }) => playlist.targetDuration)).size, 1)
  for (const { playlist } of subtitles) assert.equal(playlist.endlist, true)
  const figures = new Map<string, { peak: number; codecs: readonly string[]; starts: readonly number[] }>()
  for (const { name, playlist } of media) {
    const bytes = await reader.bytes(path, playlist.segments[0].uri.replace(/^/, ''))
    const { codecs, pieces: parts } = checkFragmented(bytes, { tracks: 1 })
    assert.equal(parts.length, playlist.segments.length)
    for (const [at, { duration }] of playlist.segments.entries()) {
      const part = parts[at]
      assert.ok(part !== undefined && Math.abs(part.to - part.from - duration) < 0.001, `${name} ${at}`)
    }
    const peak = Math.max(...playlist.segments.map(({ byterange, duration }: any) => (byterange.length * 8) / duration))
    figures.set(name, { peak, codecs, starts: parts.map(({ from }) => from) })
  }
  for (const variant of master.variants) {
    const own = figures.get(variant.uri.replace(/\.m3u8.*/, ''))
    const [sound] = variant.audio
    const its = sound === undefined ? undefined : figures.get(sound.uri.replace(/\.m3u8.*/, ''))
    // 4.4.6.2: no less than any sum of pieces that are played together, and every format
    assert.ok(variant.bandwidth >= (own?.peak ?? 0) + (its?.peak ?? 0) - 1)
    assert.ok(variant.averageBandwidth <= variant.bandwidth)
    assert.deepEqual(variant.codecs.split(','), [...(own?.codecs ?? []), ...(its?.codecs ?? [])])
  }
  const starts = master.variants.map((variant: any) => figures.get(variant.uri.replace(/\.m3u8.*/, ''))?.starts)
  for (const each of starts) assert.deepEqual(each, starts[0], 'pieces of all renditions begin at the same moments')
  return { master }
}

test('what films are made into holds to the rules of HLS and CMAF, by the word of others', {
  skip: withoutFfmpeg,
}, async () => {
  await using cinema = await Cinema.open()
  const { film } = await cinema.show({ film: playable() })
  await cinema.files.actions.addCaptions(film, { language: 'hi', label: 'Hindi', text: 'WEBVTT\n\n00:01.000 --> 00:03.000\nx' })
  const { master } = await checkFilm(cinema, film.stream)
  const [best] = master.variants
  assert.deepEqual([best.resolution, best.frameRate, best.subtitles.length], [{ width: 320, height: 180 }, 25, 1])
  assert.equal(best.audio[0].channels, '1')
  await checkFilm(cinema, (await cinema.show({ film: foreign() })).film.stream)
  await checkFilm(cinema, (await cinema.show({ sound: recording() })).sound.stream)
})

test('so are films of odd rates and lengths, whose sound is cut elsewhere than their pictures', {
  skip: withoutFfmpeg,
}, async () => {
  await using cinema = await Cinema.open()
  const sine = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100:duration=9']
  const codecs = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-ac', '2']
  for (const { rate, seconds } of [
    { rate: 1, seconds: 9 },
    { rate: 24000 / 1001, seconds: 9 },
    { rate: 50, seconds: 2.49 },
  ]) {
    const name = `odd-${rate}.mp4`
    const odd = filmed(name, [...pictures('320x180', { seconds, rate }), ...sine, '-t', String(seconds), ...codecs])
    const { master } = await checkFilm(cinema, (await cinema.show({ film: odd })).film.stream)
    assert.equal(master.variants[0].audio[0].channels, '2')
  }
})

test('so is what is live: its window, its pieces and their head', { skip: withoutFfmpeg }, async () => {
  await using cinema = await Cinema.open()
  const { id, url } = await channel(cinema)
  const push = new Push(url)
  push.write(await sent())
  await pieces(cinema, 4)
  const { live } = await cinema.db.films.get(id)
  const reader = new Reader(cinema)
  const playlist = await reader.media(live.stream)
  assert.deepEqual([playlist.endlist, playlist.playlistType], [false, undefined])
  const heads = new Map<string, Buffer>()
  for (const { duration, uri, map } of playlist.segments) {
    assert.ok(Math.round(duration) <= playlist.targetDuration)
    const head = heads.get(map.uri) ?? (await reader.bytes(live.stream, map.uri))
    heads.set(map.uri, head)
    const piece = Buffer.concat([head, await reader.bytes(live.stream, uri)])
    const [first] = checkFragmented(piece, { tracks: 2 }).pieces
    assert.ok(first !== undefined && Math.abs(first.to - first.from - duration) < 0.001)
  }
  push.end()
  assert.equal((await push.answer).status, 200)
  assert.equal((await reader.media(live.stream)).endlist, true)
})

test('a film of which only the beginning is there is played as it came, by the same rules', {
  skip: withoutFfmpeg,
}, async () => {
  await using cinema = await Cinema.open()
  const masters: Promise<any>[] = []
  const reader = new Reader(cinema)
  cinema.database.changes.subscribe(({ changes }) => {
    const media: any = changes.find(({ model }) => model === 'films')?.after?.film
    const row = changes.find(({ model }) => model === 'films')?.id
    if (media?.media?.stream === true && masters.length === 0) masters.push(reader.master(`/files/films/${row}/film/stream.m3u8`))
  })
  await cinema.show({ film: filmed('ten.mp4', ['-stream_loop', '9', '-i', filmedPath(playable()), '-c', 'copy']) })
  const { master, media } = await masters[0]
  assert.deepEqual([master.variants.length, media.length], [1, 1])
  checkWhole(media[0])
})
