import assert from 'node:assert/strict'
import { lstat, mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { silentLog } from '../../observe/index.ts'
import { fileDb } from '../file-db.ts'
import { openDisk } from '../index.ts'
import { Renditions } from '../renditions.ts'
import type { Store } from '../store.ts'
import { Cinema, playable, withoutFfmpeg } from './films.fixture.ts'
import { Films } from './films.ts'
import { sweepScratch } from './scratch.ts'

const longAgo = Date.now() - 3_700_000

test('a film is made ready although its store takes hours to give it, and to take what was made', {
  skip: withoutFfmpeg,
}, async () => {
  const usual = process.env.TMPDIR
  const parent = await mkdtemp(join(tmpdir(), 'tapri-film-work-'))
  process.env.TMPDIR = parent
  try {
    await using cinema = await Cinema.open({ atOnce: 0 })
    const { clock, database } = cinema
    const { id } = await cinema.db.films.create({ film: playable() })
    let hours = 0
    const store = slow(await openDisk(join(cinema.folder, 'files')), async () => {
      hours++
      const [folder = ''] = (await readdir(parent)).filter((name) => name.startsWith('tapri-film-'))
      const path = join(parent, folder)
      await utimes(path, new Date(longAgo), new Date(longAgo))
      cinema.advance(60_000)
      // one that is never touched comes to the limit of its test
      while ((await lstat(path)).mtimeMs < longAgo + 1000) await setTimeout(1)
      await sweepScratch()
    })
    const renditions = new Renditions({ db: fileDb(database.asSystem), store, clock })
    const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' }
    const films = Films.open({ database, store, renditions, clock, log: silentLog, programs, atOnce: 1 })
    await films.settled()
    await films.close()
    assert.deepEqual((await cinema.db.films.get(id)).film.processing, { state: 'ready', progress: 1, reason: null })
    assert.ok(hours > 5, String(hours))
  } finally {
    if (usual === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = usual
    await rm(parent, { recursive: true, force: true })
  }
})

/** A store over a network, which takes an hour in the midst of each file. */
function slow(disk: Store, anHour: () => Promise<void>): Store {
  const slowly = (source: Readable) =>
    Readable.from(
      (async function* () {
        yield* source
        await anHour()
      })(),
      { objectMode: false },
    )
  return {
    pieces: disk.pieces,
    get: async (key, range) => slowly(await disk.get(key, range)),
    put: (key, source, options) => disk.put(key, slowly(source), options),
    stat: (key) => disk.stat(key),
    delete: (key) => disk.delete(key),
    list: () => disk.list(),
    sweep: () => disk.sweep(),
    close: () => disk.close(),
  }
}
