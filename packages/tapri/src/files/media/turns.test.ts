import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { scratchDatabase } from '../../data/index.ts'
import { Cinema, playable, withoutFfmpeg } from './films.fixture.ts'
import { DataJobs, type FilmJob } from './jobs.ts'

const skip = withoutFfmpeg
/** Enough of a film for what nobody looks into. */
const few = () => new File([Buffer.from('\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2mp41', 'latin1')], 'k.mp4')

/** Films that wait, in the order in which they came, each with its owner in front. */
async function queue(cinema: Cinema, owners: readonly (string | null)[]): Promise<Map<string, string | null>> {
  const byRow = new Map<string, string | null>()
  for (const owner of owners) {
    const { id } = await cinema.db.films.create({ film: few() })
    await cinema.db.tapri_films.updateWhere({ row: id }, { owner })
    byRow.set(id, owner)
  }
  return byRow
}

async function taken(source: DataJobs): Promise<FilmJob> {
  const job = await source.take({ capable: true })
  assert.ok(job !== undefined)
  return job
}

const servers = {
  SQLite: 'sqlite',
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
  MySQL: process.env.TEST_MYSQL_URL,
  MongoDB: process.env.TEST_MONGODB_URL,
}

for (const [name, server] of Object.entries(servers)) {
  const missing = server === undefined && `${name} is not there: npm run services tells how to get it`
  test(`${name}: owners are served in turn, however many films one of them has sent before`, { skip: missing }, async () => {
    const scratch = server === undefined || server === 'sqlite' ? undefined : await scratchDatabase(server)
    try {
      await using cinema = await Cinema.open({ atOnce: 0, ...(scratch && { url: scratch.url }) })
      const source = new DataJobs(cinema)
      const owners = await queue(cinema, ['ann', 'ann', 'ann', 'ann', 'bob', null, 'bob', 'eve'])
      const served = []
      for (let left = owners.size; left > 0; left--) {
        const job = await taken(source)
        served.push(owners.get(job.row))
        await source.end(job, 'ready')
        cinema.advance(1000)
      }
      assert.deepEqual(served.slice(0, 4).toSorted(), ['ann', 'bob', 'eve', null])
      assert.deepEqual(served.slice(4), ['ann', 'bob', 'ann', 'ann'])
      assert.equal(await source.take({ capable: true }), undefined)
    } finally {
      await scratch?.dispose()
    }
  })
}

test('of whom a film is worked on waits until nobody else does', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  const source = new DataJobs(cinema)
  const owners = await queue(cinema, ['ann', 'ann', 'bob', 'bob'])
  const first = await taken(source)
  cinema.advance(1000)
  const second = await taken(source)
  assert.deepEqual([owners.get(first.row), owners.get(second.row)], ['ann', 'bob'])
  cinema.advance(1000)
  // ann was served longer ago, and her film is worked on still
  await source.end(second, 'ready')
  assert.equal(owners.get((await taken(source)).row), 'bob')
})

test('what plays a film at once comes before the rest of others', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  const source = new DataJobs(cinema)
  const owners = await queue(cinema, ['ann', 'bob'])
  const ann = await taken(source)
  assert.deepEqual([ann.stage, await source.hasOthers()], ['first', true])
  await source.giveWay(ann)
  const bob = await taken(source)
  assert.deepEqual([owners.get(bob.row), bob.stage, await source.hasOthers()], ['bob', 'first', true])
  assert.equal(await source.take({ capable: true, stage: 'first' }), undefined)
  const rest = await taken(source)
  assert.equal(await source.hasOthers(), false)
  assert.deepEqual([rest.id, rest.stage, rest.attempt], [ann.id, 'rest', 1])
})

test('a rest that waits is not passed over, however many films keep coming', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  const source = new DataJobs(cinema)
  await queue(cinema, ['bob'])
  const bob = await taken(source)
  await source.giveWay(bob)
  for (let more = 0; more < 3; more++) {
    cinema.advance(1000)
    await queue(cinema, ['ann'])
    const ann = await taken(source)
    assert.deepEqual([ann.stage, await source.hasOthers()], ['first', true])
    await source.giveWay(ann)
  }
  assert.equal((await taken(source)).id, bob.id)
})

test('two that take at once get a film each', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  const source = new DataJobs(cinema)
  await queue(cinema, Array(6).fill('ann'))
  const jobs = await Promise.all(Array.from({ length: 8 }, () => source.take({ capable: true })))
  const ids = jobs.flatMap((job) => (job === undefined ? [] : [job.id]))
  assert.deepEqual([ids.length, new Set(ids).size], [6, 6])
})

test('the job of a film is that of the user who sent it', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  const { id } = await cinema.db.films.create({ film: few() })
  const file = await cinema.db.tapri_files.first()
  await cinema.db.tapri_files.update(file.id, { owner: 'ann' })
  await cinema.db.tapri_films.deleteWhere({ row: id })
  await cinema.files.actions.retry((await cinema.db.films.get(id)).film)
  assert.equal((await cinema.db.tapri_films.first()).owner, 'ann')
})

test('a film can be played while the only place for films is taken by the rest of another', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-turns-'))
  const [ffmpeg, open] = [join(folder, 'ffmpeg'), join(folder, 'open')]
  const waits = `case "$*" in *libx264*) while [ ! -e ${open} ]; do sleep 0.05; done;; esac`
  await writeFile(ffmpeg, `#!/bin/sh\n${waits}\nexec ffmpeg "$@"\n`)
  await chmod(ffmpeg, 0o755)
  try {
    await using cinema = await Cinema.open({ ffmpeg })
    const streams = () =>
      cinema.db.films
        .find({ orderBy: 'id' })
        .then((rows: any[]) => rows.map(({ film }) => [film.processing.state, film.stream !== null]))
    const playing = (count: number) =>
      heard(cinema, async () => (await streams()).filter(([, isThere]: any) => isThere).length === count)
    await cinema.db.films.create({ film: playable() })
    await playing(1)
    for (let more = 0; more < 2; more++) await cinema.db.films.create({ film: playable() })
    await playing(3)
    assert.deepEqual(await streams(), Array(3).fill(['working', true]))
    assert.ok((await cinema.kept()).names.every((name) => name === 'poster' || name.startsWith('source')))
    await writeFile(open, '')
    await cinema.files.films.settled()
    assert.deepEqual(await streams(), Array(3).fill(['ready', true]))
  } finally {
    await writeFile(open, '')
    await rm(folder, { recursive: true, force: true })
  }
})

/** Looks again after each commit. */
async function heard(cinema: Cinema, isSo: () => Promise<boolean>): Promise<void> {
  let next = Promise.withResolvers<void>()
  const stop = cinema.database.changes.subscribe(() => next.resolve())
  while (!(await isSo())) {
    await next.promise
    next = Promise.withResolvers()
  }
  stop()
}

test('who has waited longest is served before those who came after, however many they are', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  const source = new DataJobs(cinema)
  const owners = await queue(cinema, ['zoe'])
  cinema.advance(1000)
  const others = Array.from({ length: 101 }, (_, number) => `a${number}`)
  for (const [row, owner] of await queue(cinema, others)) owners.set(row, owner)
  let count = 0
  for (let served: string | null | undefined; served !== 'zoe'; count++) {
    const job = await taken(source)
    served = owners.get(job.row)
    await source.end(job, 'ready')
    cinema.advance(1000)
    // whoever was served sends the next one
    for (const [row, owner] of await queue(cinema, [served ?? null])) owners.set(row, owner)
  }
  assert.ok(count <= others.length + 1, `zoe was served after ${count}`)
})
