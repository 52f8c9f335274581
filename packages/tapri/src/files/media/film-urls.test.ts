import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cinema, playable, withoutFfmpeg } from './films.fixture.ts'

const skip = withoutFfmpeg

test('the URLs of a playlist lead no further than they did when it was opened', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { film } = await cinema.show({ film: playable() })
  const [piece = ''] = await namedIn(cinema, film.stream, /^\w+\.m3u8.*$/gm)
  const { token } = asked(piece)
  assert.equal((await cinema.get(piece)).status, 200)
  for (const next of await namedIn(cinema, piece, /^\w+\.mp4.*$/gm)) assert.equal(asked(next).token, token)
  // who lost the row does not come to a new one by the old
  const master = piece.replace(/\w+\.m3u8/, 'stream.m3u8')
  assert.equal((await cinema.get(master)).status, 403)
  cinema.advance(13 * 3_600_000)
  assert.equal((await cinema.get(piece)).status, 403)
})

test('who came by a signed URL gets no more than was signed: not longer, and from no other address', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, film } = await cinema.show({ film: playable() })
  await cinema.db.films.update(id, { open: false })
  const signed = cinema.files.actions.signedUrl(film, { part: 'stream.m3u8', expires: '1h', ip: '127.0.0.1' })
  const [claim = ''] = asked(signed).token.split('.')
  assert.match(claim, /~$/)
  const [piece = ''] = await namedIn(cinema, signed, /^\w+\.m3u8.*$/gm)
  assert.equal(asked(piece).token.split('.')[0], claim)
  const [bytes = ''] = await namedIn(cinema, piece, /^\w+\.mp4.*$/gm)
  assert.equal((await cinema.get(bytes)).status, 200)
  cinema.advance(3_600_000)
  for (const url of [signed, piece, bytes]) assert.equal((await cinema.get(url)).status, 403)
  const long = cinema.files.actions.signedUrl(film, { part: 'stream.m3u8', expires: '30d' })
  const [limited = ''] = await namedIn(cinema, long, /^\w+\.m3u8.*$/gm)
  cinema.advance(13 * 3_600_000)
  assert.deepEqual([(await cinema.get(long)).status, (await cinema.get(limited)).status], [200, 403])
})

test('captions that were corrected are seen at once, and cost nothing where they are the same', { skip }, async () => {
  await using cinema = await Cinema.open()
  const { id, film } = await cinema.show({ film: playable() })
  const say = (words: string) => {
    const text = `WEBVTT\n\n00:00.000 --> 00:01.000\n${words}\n`
    return cinema.files.actions.addCaptions(film, { language: 'en', label: 'English', text })
  }
  await say('Kits')
  const { url } = (await cinema.db.films.get(id)).film.captions[0]
  const first = await cinema.get(url)
  assert.deepEqual([first.status, first.headers.get('cache-control')], [200, 'private, no-cache'])
  const ask = () => fetch(cinema.url + url, { headers: { 'if-none-match': first.headers.get('etag') ?? '' } })
  assert.equal((await ask()).status, 304)
  await say('Kites')
  const second = await ask()
  assert.equal(second.status, 200)
  assert.match(await second.text(), /Kites/)
})

/** The paths that a playlist names. */
async function namedIn(cinema: Cinema, path: string, form: RegExp): Promise<string[]> {
  const found = (await cinema.text(path)).match(form) ?? []
  return found.map((name) => new URL(name, cinema.url + path)).map(({ pathname, search }) => pathname + search)
}

function asked(path: string): { token: string } {
  return { token: new URLSearchParams(path.split('?')[1]).get('token') ?? '' }
}
