import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import { scratchDatabase } from '../../data/index.ts'
import { manualClock } from '../../kit/clock.ts'
import { Cinema, filmed, filmedPath, playable, played, withoutFfmpeg } from './films.fixture.ts'

const servers = {
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
  MySQL: process.env.TEST_MYSQL_URL,
  MongoDB: process.env.TEST_MONGODB_URL,
}

for (const [name, server] of Object.entries(servers)) {
  const skip = server === undefined ? `${name} is not there: npm run services tells how to get it` : withoutFfmpeg
  test(`on ${name} nodes share films, and what one takes live another shows and ends`, { skip }, async () => {
    const scratch = await scratchDatabase(server ?? '')
    const clock = manualClock(Date.now())
    const { url } = scratch
    await using one = await Cinema.open({ url, clock })
    await using two = await Cinema.open({ url, clock, folder: one.folder })
    const { id } = await one.db.films.create({ film: playable() })
    const isDone = async () => (await one.db.tapri_films.first())?.state === 'ready'
    while (!(await isDone())) await Promise.all([one.files.films.settled(), two.files.films.settled()])
    const { film } = await two.db.films.get(id)
    assert.deepEqual(film.processing, { state: 'ready', progress: 1, reason: null })
    assert.equal((await played(two.url + film.stream)).complaints, '')
    assert.equal([...one.log, ...two.log].filter(({ event }) => event === 'files.film.ready').length, 1)

    const path = await one.files.actions.newPushUrl({ model: 'films', id, field: 'live' })
    const push = request(one.url + path, { method: 'PUT' })
    const sent = filmed('sent.ts', ['-stream_loop', '1', '-i', filmedPath(playable()), '-c', 'copy'])
    push.end(Buffer.from(await sent.arrayBuffer()))
    const [answer] = await once(push, 'response')
    assert.equal(answer.statusCode, 200)
    answer.resume()
    const { live } = await two.db.films.get(id)
    assert.equal(live.state, 'ended')
    assert.equal((await played(two.url + live.stream)).complaints, '')
    clock.advance(60_000)
    await two.files.streams.look()
    assert.equal((await one.db.films.get(id)).live, null)
    await two.db.films.delete(id)
    await one.files.sweep()
    assert.deepEqual(await one.kept(), { names: [], keys: 0 })
    await two.close()
    await one.close()
    await scratch.dispose()
  })
}
