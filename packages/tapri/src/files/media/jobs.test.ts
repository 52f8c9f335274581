import assert from 'node:assert/strict'
import { chmod, mkdtemp, rename, rm, watch, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { manualClock } from '../../kit/clock.ts'
import { silentLog } from '../../observe/index.ts'
import { fileDb, idOf } from '../file-db.ts'
import { Renditions } from '../renditions.ts'
import { openStore } from '../stores/open.ts'
import { FilmWork } from './film-work.ts'
import { Cinema, playable, programsIn, withoutFfmpeg } from './films.fixture.ts'
import { DataJobs, type FilmJob } from './jobs.ts'

const skip = withoutFfmpeg
const ready = { state: 'ready', progress: 1, reason: null }
/** Enough of a film for what nobody looks into. */
const few = () => new File([Buffer.from('\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2mp41', 'latin1')], 'k.mp4')

test('a process that has lost a job and takes it again has it once', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  await cinema.db.films.create({ film: few() })
  const source = new DataJobs(cinema)
  const first = await taken(source)
  cinema.advance(8000)
  const second = await taken(source)
  assert.deepEqual([second.id, second.attempt], [first.id, 2])
  assert.deepEqual([await source.renew(first), await source.renew(second)], [false, true])
  assert.equal(await source.end(first, 'failed'), false)
})

test('whoever works on a film that was cancelled tells of it no more', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  const { id } = await cinema.db.films.create({ film: few() })
  const { job, tell } = await working(cinema)
  await tell({ state: 'working', progress: 0.2 })
  await cinema.files.actions.cancel((await cinema.db.films.get(id)).film)
  for (const news of [{ progress: 0.5 }, { state: 'ready', progress: 1 }, { state: 'failed' }] as const)
    await assert.rejects(tell(news), { code: 'TAPRI_NOT_FOUND' })
  assert.deepEqual((await cinema.db.films.get(id)).film.processing, { state: 'cancelled', progress: 0.2, reason: null })
  assert.equal((await cinema.db.tapri_films.get(job.id)).state, 'cancelled')
})

test('a film that is done when it is cancelled stays done', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  for (let round = 0; round < 5; round++) {
    const { id } = await cinema.db.films.create({ film: few() })
    const { film } = await cinema.db.films.get(id)
    const { job, tell } = await working(cinema)
    await Promise.allSettled([tell({ state: 'ready', progress: 1 }), cinema.files.actions.cancel(film)])
    const { state } = (await cinema.db.films.get(id)).film.processing
    assert.equal((await cinema.db.tapri_films.get(job.id)).state, state)
    assert.ok(state === 'ready' || state === 'cancelled', state)
  }
})

test('a film whose ffmpeg was ended from outside is made ready later', { skip }, async () => {
  await using machine = await disturbed('kill -TERM $$')
  await using cinema = await Cinema.open({ clock: manualClock(Date.now()), ffmpeg: machine.ffmpeg })
  const { id } = await cinema.show({ film: playable() })
  const { state, attempts } = await cinema.db.tapri_films.first()
  assert.deepEqual([state, attempts], ['waiting', 1])
  assert.equal((await cinema.db.films.get(id)).film.processing.state, 'working')
  cinema.advance(15_000)
  await cinema.files.films.settled()
  assert.deepEqual((await cinema.db.films.get(id)).film.processing, ready)
})

test('what a process works on is left when it has to take it again', { skip }, async () => {
  await using machine = await disturbed('exec sleep 600')
  await using cinema = await Cinema.open({ ffmpeg: machine.ffmpeg, atOnce: 2 })
  const begun = machine.begun()
  const { id } = await cinema.db.films.create({ film: playable() })
  await begun
  const job = await cinema.db.tapri_films.first()
  await cinema.db.tapri_films.update(job.id, { worker: 'dead', expires: new Date(0) })
  cinema.advance(2500)
  await cinema.files.films.settled()
  assert.deepEqual((await cinema.db.films.get(id)).film.processing, ready)
  assert.equal((await cinema.db.tapri_films.get(job.id)).attempts, 2)
  while ((await programsIn(cinema.folder)).length > 0) await setTimeout(5)
})

test('what a sweep could not remove of a film is removed by the next', { skip }, async () => {
  await using cinema = await Cinema.open()
  await cinema.show({ film: playable() })
  cinema.advance(24 * 3_600_000)
  const { key } = await cinema.db.tapri_renditions.first({ where: { name: 'source.mp4' } })
  const folder = join(cinema.folder, 'files', key.slice(-2))
  await rename(folder, `${folder}.away`)
  await writeFile(folder, 'no folder')
  await assert.rejects(cinema.files.films.sweep())
  await rm(folder)
  await rename(`${folder}.away`, folder)
  await cinema.files.films.sweep()
  assert.ok(!(await cinema.kept()).names.some((name) => name.startsWith('source')))
})

test('a process without ffmpeg uses up no attempt, and takes only what nobody has tried', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  await cinema.db.films.create({ film: few() })
  const source = new DataJobs(cinema)
  const unable = await source.take({ capable: false })
  assert.ok(unable)
  await source.end(unable, 'unavailable')
  const { attempts, taken: since } = await cinema.db.tapri_films.get(unable.id)
  assert.deepEqual([attempts, since], [0, null])
  const job = await taken(source)
  assert.deepEqual([job.id, job.attempt], [unable.id, 1])
  await source.postpone(job, { delay: 15_000, counts: true })
  cinema.advance(15_000)
  assert.equal(await source.take({ capable: false }), undefined)
  const again = await taken(source)
  assert.equal(again.attempt, 2)
})

test('a process that loses its ffmpeg tells so once, and leaves the film to the others', { skip }, async () => {
  await using machine = await disturbed('exit 1')
  await using cinema = await Cinema.open({ ffmpeg: machine.ffmpeg })
  await cinema.files.films.settled()
  await rm(machine.ffmpeg)
  const { id } = await cinema.show({ film: playable() })
  assert.equal((await cinema.db.films.get(id)).film.processing.state, 'unavailable')
  const { state, attempts } = await cinema.db.tapri_films.first()
  assert.deepEqual([state, attempts], ['unavailable', 1])
})

test('what can be played already is never told to be unavailable by a process without ffmpeg', async () => {
  await using cinema = await Cinema.open({ atOnce: 0 })
  await cinema.db.films.create({ film: few() })
  const source = new DataJobs(cinema)
  await source.giveWay(await taken(source))
  assert.equal(await source.take({ capable: false }), undefined)
  assert.equal((await taken(source)).stage, 'rest')
})

async function taken(source: DataJobs): Promise<FilmJob> {
  const job = await source.take({ capable: true })
  assert.ok(job !== undefined)
  return job
}

/** One who has taken the film that waits. */
async function working({ database, clock, folder }: Cinema) {
  const store = await openStore(`disk:${join(folder, 'files')}`, clock)
  const db = fileDb(database.asSystem)
  const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' }
  const renditions = new Renditions({ db, store, clock })
  const source = new DataJobs({ database, clock })
  const job = await taken(source)
  const work = new FilmWork({ database, store, renditions, clock, log: silentLog, programs }, source)
  const file = await db.tapri_files.get(idOf(job.file))
  return { job, tell: (news: Parameters<FilmWork['tell']>[2]) => work.tell(job, file, news) }
}

/** An ffmpeg that something happens to, once. */
async function disturbed(script: string): Promise<AsyncDisposable & { readonly ffmpeg: string; begun(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-disturbed-'))
  const ffmpeg = join(folder, 'ffmpeg')
  const once = `case "$*" in *-progress*) if mkdir ${folder}/once 2>/dev/null; then ${script}; fi;; esac`
  await writeFile(ffmpeg, `#!/bin/sh\n${once}\nexec ffmpeg "$@"\n`)
  await chmod(ffmpeg, 0o755)
  return {
    ffmpeg,
    async begun() {
      for await (const { filename } of watch(folder)) if (filename === 'once') return
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
