import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import { Cinema, filmed, filmedPath, playable, played, withoutFfmpeg } from './films.fixture.ts'

const store = process.env.TEST_S3_URL
const skip = store === undefined ? 'S3 is not there: npm run services tells how to get it' : withoutFfmpeg

test('in a store without files of this machine films are brought to it, made ready and put back, and live streams are kept', {
  skip,
}, async () => {
  await using cinema = await Cinema.open({ store: store ?? '' })
  const { id, film } = await cinema.show({ film: playable() })
  assert.deepEqual(film.processing, { state: 'ready', progress: 1, reason: null })
  assert.equal((await played(cinema.url + film.stream)).complaints, '')

  const push = request(cinema.url + (await cinema.files.actions.newPushUrl({ model: 'films', id, field: 'live' })), {
    method: 'PUT',
  })
  push.end(Buffer.from(await filmed('sent.ts', ['-stream_loop', '1', '-i', filmedPath(playable()), '-c', 'copy']).arrayBuffer()))
  const [answer] = await once(push, 'response')
  assert.equal(answer.statusCode, 200)
  answer.resume()
  const { live } = await cinema.db.films.get(id)
  assert.equal((await played(cinema.url + live.stream)).complaints, '')
  await cinema.db.films.delete(id)
  await cinema.files.sweep()
  assert.equal(await cinema.db.tapri_renditions.count(), 0)
})
