import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Database } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { notFound } from '../../kit/errors.ts'
import type { Log } from '../../observe/index.ts'
import { fileFacts } from '../access.ts'
import { type FileDb, type FileRow, fileDb, idOf } from '../file-db.ts'
import type { Filmed } from '../media.ts'
import type { Renditions } from '../renditions.ts'
import type { Store } from '../store.ts'
import { makeReady } from './film.ts'
import type { FilmJob, JobSource } from './jobs.ts'
import type { Rung } from './playlist.ts'
import type { Programs } from './programs.ts'
import { Progress } from './progress.ts'
import { changeFilmed, type Place } from './row-media.ts'
import { openScratch } from './scratch.ts'
import { hasToneMapping } from './tone-mapping.ts'
import type { WorkOptions } from './worker.ts'

export interface FilmTools {
  readonly database: Database
  readonly store: Store
  readonly renditions: Renditions
  readonly clock: Clock
  readonly log: Log
  readonly programs: Programs
}

/** What is done for one job: the film is brought to this machine, made ready, and its row told, which ends the job. */
export class FilmWork {
  readonly #tools: FilmTools
  readonly #source: JobSource
  #hasToneMapping: Promise<boolean> | undefined

  constructor(tools: FilmTools, source: JobSource) {
    this.#tools = tools
    this.#source = source
  }

  /** Makes the film of a job ready, and ends the job; the first time, with `isExtra` or when others wait, only what plays it at once.
   * Answers whether it is done.
   * @throws TAPRI_FILES_FILM, TAPRI_FILES_NO_FFMPEG, TAPRI_FILES_INTERRUPTED, TAPRI_NOT_FOUND when the film went meanwhile */
  async run(job: FilmJob, { signal, isExtra }: WorkOptions): Promise<boolean> {
    const { database, store, renditions, programs, clock } = this.#tools
    const facts = fileFacts(database, job.model, job.field)?.media
    if (facts?.kind !== 'video' && facts?.kind !== 'audio') throw missing(job)
    const file = await this.fileOf(job)
    const hasPoster = (await renditions.find(file.id, 'poster')) !== undefined
    await using scratch = await openScratch(clock)
    const progress = new Progress(clock, (done) => this.tell(job, file, { progress: done }))
    const tools = {
      programs,
      clock,
      signal,
      path: store.path?.(file.key) ?? (await this.#bring(file.key, join(scratch.folder, 'original'), signal)),
      folder: scratch.folder,
      made: job.made,
      toneMaps: () => this.#toneMaps(),
      givesWay: async () => job.stage === 'first' && (isExtra || (await this.#source.hasOthers())),
      keep: async (made: { readonly name: string; readonly type: string }, source: Readable) => {
        await renditions.keep(file.id, made, source, { signal })
      },
      remember: (made: readonly Rung[]) => this.#source.remember(job, made),
      tell: async (news: Partial<Filmed>) => {
        await progress.settled()
        signal.throwIfAborted()
        await this.tell(job, file, news)
      },
      advance: (done: number) => progress.reach(done),
    }
    const heights = facts.kind === 'video' ? facts.heights : []
    const made = await makeReady({ kind: facts.kind, heights, hasPoster }, tools).finally(() => progress.settled())
    signal.throwIfAborted()
    if (made === 'begun') return false
    await this.tell(job, file, { state: 'ready', progress: 1, reason: made === 'wide' ? wideReason : null })
    return true
  }

  /** Asked of ffmpeg once. */
  #toneMaps(): Promise<boolean> {
    this.#hasToneMapping ??= hasToneMapping(this.#tools.programs, this.#tools.clock).catch((cause: unknown) => {
      // it may answer another time
      this.#hasToneMapping = undefined
      throw cause
    })
    return this.#hasToneMapping
  }

  /** Brings the bytes of a store that has no files of this machine to one. */
  async #bring(key: string, path: string, signal: AbortSignal): Promise<string> {
    await pipeline(await this.#tools.store.get(key), createWriteStream(path), { signal })
    return path
  }

  /** Tells whoever follows the row, for as long as the job is this worker's; one that is done or given up is ended with it.
   * @throws TAPRI_NOT_FOUND when the row has the film no more, or the job is cancelled, gone or another worker's */
  async tell(job: FilmJob, file: FileRow, news: Partial<Filmed>): Promise<void> {
    const { model, row, field } = job
    const { state } = news
    const isEnd = state === 'ready' || state === 'failed' || state === 'unavailable'
    const along = (db: FileDb) => (isEnd ? this.#source.end(job, state, db) : this.#source.renew(job, db))
    const isTold = await changeFilmed(this.#tools.database, { model, row, field, file, along }, (now) => ({ ...now, ...news }))
    if (!isTold) throw missing(job)
  }

  /** @throws TAPRI_NOT_FOUND */
  async fileOf({ file, ...place }: Place & { readonly file: string }): Promise<FileRow> {
    const db = fileDb(this.#tools.database.asSystem)
    const found = await db.tapri_files.first({ where: { id: idOf(file), state: 'attached' } })
    if (found === null) throw missing(place)
    return found
  }
}

const wideReason =
  'It is shown in the colours of HDR: the ffmpeg of this server has no filters "zscale" and "tonemap" to change them'

export function missing({ model, row, field }: Place) {
  return notFound(`No film is in ${field} of ${model} "${row.slice(0, 64)}"`)
}
