import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { on, once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { manualClock, systemClock } from '../../kit/clock.ts'
import { Cinema, filmed, filmedPath, pictures, playable, played, programsIn, withoutFfmpeg } from './films.fixture.ts'

const skip = withoutFfmpeg
/** Elsewhere ffmpeg outlives the process that is killed, and ends with its film. */
const withoutGuard = existsSync('/usr/bin/setpriv') ? skip : 'setpriv of util-linux is not installed'

test('a node killed while it makes a film takes ffmpeg with it; another goes on within seconds, with what was finished', {
  skip: withoutGuard,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-cinema-'))
  // a child whose time stands still keeps its lease, however slow the machine is
  const at = Date.now()
  const child = await start(folder, at)
  // from the first on: more come than one at a time
  const told = on(child, 'message', { close: ['exit'] })
  try {
    const first = await Cinema.open({ folder, clock: manualClock(at), atOnce: 0 })
    const film = filmed('minutes.mp4', ['-stream_loop', '19', '-i', filmedPath(playable()), '-c', 'copy'])
    const { id } = await first.db.films.create({ film })
    await first.close()
    for await (const [media] of told) {
      assert.notEqual(media.state, 'ready', 'the film was too short for this test')
      if (media.stream && media.progress > 0) break
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
    while ((await programsIn(folder)).length > 0) await setTimeout(5)

    const clock = manualClock(at)
    await using cinema = await Cinema.open({ folder, clock })
    const kept = () => cinema.db.tapri_renditions.find({ where: { name: { in: ['poster', 'source.mp4'] } }, orderBy: 'name' })
    const before = await kept()
    await cinema.files.films.settled()
    assert.equal((await cinema.db.films.get(id)).film.processing.state, 'working')
    clock.advance(8000)
    await cinema.files.films.settled()
    const { film: done } = await cinema.db.films.get(id)
    assert.deepEqual(done.processing, { state: 'ready', progress: 1, reason: null })
    assert.deepEqual(await kept(), before)
    assert.equal(before.length, 2)
    assert.equal((await played(cinema.url + done.stream)).complaints, '')
  } finally {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
})

test('nodes share the films, and each is made once', { skip }, async () => {
  // the time of both stands still, so that no lease runs out on a slow machine, and their timers go on
  const at = Date.now()
  await using cinema = await Cinema.open({ clock: { ...systemClock, now: () => at } })
  const child = await start(cinema.folder, at)
  try {
    const short = filmed('short.mp4', [...pictures('160x90', { seconds: 1 }), '-c:v', 'libx264', '-pix_fmt', 'yuv420p'])
    for (let made = 0; made < 4; made++) await cinema.db.films.create({ film: short })
    const jobs = () => cinema.db.tapri_films.find()
    while ((await jobs()).some(({ state }: any) => state === 'waiting' || state === 'working')) await setTimeout(20)
    const seen = (await jobs()).map(({ state, attempts }: any) => [state, attempts])
    assert.deepEqual(seen, Array(4).fill(['ready', 1]))
  } finally {
    child.kill('SIGKILL')
  }
})

test('a node that stops gives back what it had, and that was no attempt', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-cinema-'))
  try {
    const first = await Cinema.open({ folder })
    const begun = Promise.withResolvers<void>()
    first.database.changes.subscribe(({ changes }) => {
      if (changes.some(({ after }) => (after?.film as any)?.media?.state === 'working')) begun.resolve()
    })
    const { id } = await first.db.films.create({ film: playable() })
    await begun.promise
    await first.files.films.close()
    const { state, attempts } = await first.db.tapri_films.first()
    assert.deepEqual([state, attempts], ['waiting', 0])
    while ((await programsIn(folder)).length > 0) await setTimeout(5)
    await first.close()
    await using next = await Cinema.open({ folder })
    await next.files.films.settled()
    assert.equal((await next.db.films.get(id)).film.processing.state, 'ready')
    assert.equal((await next.db.tapri_films.first()).attempts, 1)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a film that ends the process that works on it, again and again, is given up', { skip }, async () => {
  const clock = manualClock(Date.now())
  await using cinema = await Cinema.open({ clock, atOnce: 0 })
  const { id } = await cinema.db.films.create({ film: playable() })
  const job = await cinema.db.tapri_films.first()
  await cinema.db.tapri_films.update(job.id, { state: 'working', worker: 'dead', attempts: 4, expires: new Date(clock.now()) })
  await using next = await Cinema.open({ folder: cinema.folder, clock })
  await next.files.films.settled()
  const { film } = await next.db.films.get(id)
  assert.deepEqual([film.processing.state, film.processing.reason], ['failed', 'It was tried 4 times without coming to an end'])
})

/** A process that is a node, for which it is that moment all the time. */
async function start(folder: string, at: number): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'node.fixture.ts'), [folder, String(at)])
  await once(child, 'message')
  return child
}
