import type { Database } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import { type FileDb, fileDb, idOf } from '../file-db.ts'
import type { Rung } from './playlist.ts'

/** A film or a recording that is to be made ready. */
export interface FilmJob {
  readonly id: string
  readonly file: string
  readonly model: string
  readonly row: string
  readonly field: string
  /** Who has it: another name each time that it is taken, so that nobody takes an earlier time for this one. */
  readonly worker: string
  /** 1 at the first time. */
  readonly attempt: number
  /** What earlier attempts have finished. */
  readonly made: readonly Rung[]
}

export type JobEnd = 'ready' | 'failed' | 'cancelled' | 'unavailable'

/** Where the work comes from. Several processes may take from one source: each job is one worker's until its lease ends. */
export interface JobSource {
  /** The next job that nobody works on. With `capable: false` only those that nobody has looked at yet. */
  take(options: { readonly capable: boolean }): Promise<FilmJob | undefined>
  /** Keeps it; false once it is cancelled, gone or another worker's. With `db`, in that transaction. */
  renew(job: FilmJob, db?: FileDb): Promise<boolean>
  /** Keeps what has been finished of it for the next attempt. */
  remember(job: FilmJob, made: readonly Rung[]): Promise<void>
  /** Ends it; false when it is cancelled, gone or another worker's. With `db`, in that transaction. */
  end(job: FilmJob, state: JobEnd, db?: FileDb): Promise<boolean>
  /** Gives it back, to be taken again after so many milliseconds. `attempt`: whether this one counts. */
  postpone(job: FilmJob, options: { readonly delay: number; readonly counts: boolean }): Promise<void>
  /** Calls when there may be something to take, and with the id of a job that has ended elsewhere. */
  listen(hears: { readonly work: () => void; readonly ended: (id: string) => void }): () => void
}

/** Milliseconds after which a worker that says nothing has died. */
const lease = 8000
/** Renditions of the film as it came are kept so long for those who began to play it. */
const keptAfter = 24 * 3_600_000

type JobChanges = Parameters<FileDb['tapri_films']['updateWhere']>[1]

interface JobsOptions {
  readonly database: Database
  readonly clock: Clock
}

/** Jobs as rows of `tapri_films`, taken one after another by the processes of an app. */
export class DataJobs implements JobSource {
  readonly #options: JobsOptions
  readonly #db: FileDb

  constructor(options: JobsOptions) {
    this.#options = options
    this.#db = fileDb(options.database.asSystem)
  }

  async take({ capable }: { readonly capable: boolean }): Promise<FilmJob | undefined> {
    const states = capable ? (['waiting', 'working', 'unavailable'] as const) : (['waiting'] as const)
    const due = { where: { state: { in: [...states] }, expires: { lte: this.#time(0) } }, orderBy: 'expires' } as const
    // most often there is nothing to do, and a look takes no lock
    if ((await this.#db.tapri_films.first(due)) === null) return undefined
    return this.#db.transaction(async (tx) => {
      const row = await tx.tapri_films.first(due)
      if (row === null) return undefined
      const { id, file, model, row: owner, field, attempts, made } = row
      const attempt = attempts + 1
      const worker = newId()
      await tx.tapri_films.update(id, { state: 'working', worker, expires: this.#time(lease), attempts: attempt })
      return { id, file, model, row: owner, field, worker, attempt, made: rungsOf(made) }
    })
  }

  async renew(job: FilmJob, db?: FileDb): Promise<boolean> {
    return this.#change(job, { expires: this.#time(lease) }, db)
  }

  async remember(job: FilmJob, made: readonly Rung[]): Promise<void> {
    await this.#change(job, { made, expires: this.#time(lease) })
  }

  async end(job: FilmJob, state: JobEnd, db?: FileDb): Promise<boolean> {
    return this.#change(job, { state, worker: null, expires: this.#time(state === 'ready' ? keptAfter : 0) }, db)
  }

  async postpone(job: FilmJob, { delay, counts }: { readonly delay: number; readonly counts: boolean }): Promise<void> {
    const attempts = counts ? job.attempt : job.attempt - 1
    await this.#change(job, { state: 'waiting', worker: null, attempts, expires: this.#time(delay) })
  }

  listen({ work, ended }: { readonly work: () => void; readonly ended: (id: string) => void }): () => void {
    return this.#options.database.changes.subscribe(({ changes }) => {
      for (const { model, id, after } of changes) {
        if (model !== 'tapri_films') continue
        if (after?.state === 'waiting') work()
        else if (after === null || after.state === 'cancelled') ended(id)
      }
    })
  }

  /** Writes only while the job is still this worker's. */
  async #change({ id, worker }: FilmJob, changes: JobChanges, db = this.#db): Promise<boolean> {
    return (await db.tapri_films.updateWhere({ id: idOf(id), state: 'working', worker }, changes)) > 0
  }

  #time(later: number): Date {
    return new Date(this.#options.clock.now() + later)
  }
}

// Only `remember` writes this column.
export function rungsOf(made: unknown): readonly Rung[] {
  return made as readonly Rung[]
}
