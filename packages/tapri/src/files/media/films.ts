import { Readable } from 'node:stream'
import { type FileDb, fileDb } from '../file-db.ts'
import { type Captions, requireCaptions } from './captions.ts'
import { type FilmTools, FilmWork, missing } from './film-work.ts'
import { DataJobs, type JobSource, rungsOf } from './jobs.ts'
import { sourceName } from './making.ts'
import { filmFields, noteFilms } from './note.ts'
import { hasProgram } from './programs.ts'
import { changeFilmed, type Place } from './row-media.ts'
import { sweepScratch } from './scratch.ts'
import { FilmWorker } from './worker.ts'

export interface FilmsOptions extends FilmTools {
  /** How many are made ready at a time; with 0 this process makes none. */
  readonly atOnce: number
}

const sweepEvery = 3_600_000

/** Films and recordings of an app: noted when a row takes them, made ready for streaming by whichever process is free. */
export class Films {
  readonly #options: FilmsOptions
  readonly #db: FileDb
  readonly #source: JobSource
  readonly #work: FilmWork
  #worker: FilmWorker | undefined
  #stopSweeping = () => {}
  #sweeping: Promise<void> = Promise.resolve()

  private constructor(options: FilmsOptions) {
    this.#options = options
    this.#db = fileDb(options.database.asSystem)
    this.#source = new DataJobs(options)
    this.#work = new FilmWork(options, this.#source)
  }

  static open(options: FilmsOptions): Films {
    const films = new Films(options)
    const fields = filmFields(options.database.models)
    if (fields.size === 0) return films
    options.database.duringTransaction((changes, db) => {
      const now = new Date(options.clock.now())
      return noteFilms(changes, fileDb(db), { fields, now })
    })
    if (options.atOnce > 0) films.#start()
    return films
  }

  #start(): void {
    const { programs, atOnce, clock, log } = this.#options
    this.#sweepLater()
    this.#worker = new FilmWorker({
      source: this.#source,
      clock,
      log,
      atOnce,
      capable: async () => {
        const capable = (await hasProgram(programs.ffmpeg, clock)) && (await hasProgram(programs.ffprobe, clock))
        if (!capable) log.event('files.ffmpeg.missing', { cure: 'install it: apt-get install ffmpeg' }, 'warn')
        return capable
      },
      work: (job, options) => this.#work.run(job, options),
      fail: async (job, state, reason) => {
        const file = await this.#work.fileOf(job)
        await this.#work.tell(job, file, { state, reason })
      },
    })
  }

  /** Stops the work on a film; what is finished of it stays.
   * @throws TAPRI_NOT_FOUND */
  async cancel(place: Place): Promise<void> {
    const job = await this.#jobAt(place)
    const file = await this.#work.fileOf(job)
    const unfinished = { id: job.id, state: { in: ['waiting', 'working'] } } as const
    // the worker may come to its end at the same moment, and then it is too late
    const along = async (db: FileDb) => (await db.tapri_films.updateWhere(unfinished, { state: 'cancelled', worker: null })) > 0
    await changeFilmed(this.#options.database, { ...place, file, along }, (now) => ({ ...now, state: 'cancelled', reason: null }))
  }

  /** Makes a film ready that was not: cancelled, failed, or there before its field was one for films.
   * @throws TAPRI_NOT_FOUND */
  async again(place: Place): Promise<void> {
    const { model, row, field } = place
    const { clock } = this.#options
    const file = await this.#db.tapri_files.first({ where: { model, row, field, state: 'attached' } })
    if (file === null) throw missing(place)
    const waiting = { state: 'waiting', stage: 'first', worker: null, attempts: 0, expires: new Date(clock.now()) } as const
    const along = async ({ tapri_films: jobs }: FileDb) => {
      const job = await jobs.first({ where: { file: file.id } })
      if (job?.state === 'ready' || job?.state === 'working') return false
      if (job !== null) await jobs.update(job.id, waiting)
      else await jobs.create({ file: file.id, model, row, field, owner: file.owner, ...waiting, made: [] })
      return true
    }
    await changeFilmed(this.#options.database, { ...place, file, along }, (now) => ({
      ...now,
      state: 'waiting',
      progress: 0,
      reason: null,
    }))
  }

  /** Adds captions to a film, in place of those of the same language.
   * @throws TAPRI_FILES_CAPTIONS, TAPRI_NOT_FOUND */
  async addCaptions(place: Place, captions: Captions): Promise<void> {
    requireCaptions(captions)
    const { language, label, text } = captions
    const file = await this.#work.fileOf(await this.#jobAt(place))
    const bytes = Readable.from([Buffer.from(text)])
    await this.#options.renditions.keep(file.id, { name: `captions-${language}.vtt`, type: 'text/vtt' }, bytes)
    await changeFilmed(this.#options.database, { ...place, file }, (now) => ({
      ...now,
      captions: [...now.captions.filter((other) => other.language !== language), { language, label }],
    }))
  }

  /** Removes what was only needed before the rest was there. */
  async sweep(): Promise<void> {
    const { clock, renditions } = this.#options
    const due = { state: 'ready', expires: { lte: new Date(clock.now()) } } as const
    for (const { id, file, made } of await this.#db.tapri_films.find({ where: due, limit: 100 })) {
      await renditions.remove(file, `${sourceName}.m3u8`)
      await renditions.remove(file, `${sourceName}.mp4`)
      const rungs = rungsOf(made).filter(({ name }) => name !== sourceName)
      // last: what a crash has left is removed by the next sweep. The row may have gone meanwhile
      await this.#db.tapri_films.updateWhere({ id, state: 'ready' }, { expires: null, made: rungs })
    }
  }

  /** Ends when there is nothing to do; for tests. */
  async settled(): Promise<void> {
    await this.#worker?.settled()
  }

  async close(): Promise<void> {
    this.#stopSweeping()
    await this.#sweeping
    await this.#worker?.close()
  }

  #sweepLater(): void {
    const { clock, log } = this.#options
    this.#stopSweeping = clock.after(sweepEvery, () => this.#sweepLater())
    this.#sweeping = Promise.all([this.sweep(), sweepScratch()]).then(
      () => {},
      (error: unknown) => log.event('files.films.sweep.failed', { error }, 'error'),
    )
  }

  async #jobAt(place: Place) {
    const { model, row, field } = place
    const job = await this.#db.tapri_films.first({ where: { model, row, field } })
    if (job === null) throw missing(place)
    return job
  }
}
