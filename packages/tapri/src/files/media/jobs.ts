import type { Database } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import { type FileDb, fileDb, idOf } from '../file-db.ts'
import type { Rung } from './playlist.ts'
import { type JobFilter, nextTurn, type Turn } from './turns.ts'

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
  /** `first` until what plays it at once is made, then `rest`. */
  readonly stage: 'first' | 'rest'
  /** What earlier attempts have finished. */
  readonly made: readonly Rung[]
}

type Stage = FilmJob['stage']
export type JobEnd = 'ready' | 'failed' | 'cancelled' | 'unavailable'

/** Where the work comes from. Several processes may take from one source: each job is one worker's until its lease ends. */
export interface JobSource {
  /** The next job that nobody works on: what plays a film at once before the rest of others, and in turn among their owners.
   * With `capable: false` only those that nobody has tried yet, and it is no attempt; with `stage` only those at that one. */
  take(options: { readonly capable: boolean; readonly stage?: Stage }): Promise<FilmJob | undefined>
  /** Whether another one waits. */
  hasOthers(): Promise<boolean>
  /** Keeps it; false once it is cancelled, gone or another worker's. With `db`, in that transaction. */
  renew(job: FilmJob, db?: FileDb): Promise<boolean>
  /** Keeps what has been finished of it for the next attempt. */
  remember(job: FilmJob, made: readonly Rung[]): Promise<void>
  /** Ends it; false when it is cancelled, gone or another worker's. With `db`, in that transaction. */
  end(job: FilmJob, state: JobEnd, db?: FileDb): Promise<boolean>
  /** Gives it back, to be taken again after so many milliseconds. `attempt`: whether this one counts. */
  postpone(job: FilmJob, options: { readonly delay: number; readonly counts: boolean }): Promise<void>
  /** Gives it back when what plays it at once is made, for others to come first. */
  giveWay(job: FilmJob): Promise<void>
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

  async take({ capable, stage }: { readonly capable: boolean; readonly stage?: Stage }): Promise<FilmJob | undefined> {
    const states = capable ? (['waiting', 'working', 'unavailable'] as const) : (['waiting'] as const)
    // who cannot make them may only say so, of what nobody else has begun with
    const untried = !capable && ({ attempts: 0, stage: 'first' } as const)
    const due = { state: { in: [...states] }, expires: { lte: this.#time(0) }, ...(stage && { stage }), ...untried }
    // whose turn it is may be over by the time that it is taken, when others look too
    for (let turn = await this.#turn(due); turn !== undefined; turn = await this.#turn(due)) {
      const job = await this.#takeOne({ ...due, ...turn }, { counts: capable })
      if (job !== undefined) return job
    }
    return undefined
  }

  async hasOthers(): Promise<boolean> {
    const waiting = { state: 'waiting', expires: { lte: this.#time(0) } } as const
    return (await this.#db.tapri_films.first({ where: waiting, select: { id: true } })) !== null
  }

  #turn(due: JobFilter): Promise<Turn | undefined> {
    return nextTurn(this.#db, due, this.#time(0))
  }

  #takeOne(where: JobFilter, { counts }: { readonly counts: boolean }): Promise<FilmJob | undefined> {
    return this.#db.transaction(async (tx) => {
      const row = await tx.tapri_films.first({ where, orderBy: ['expires', 'id'] })
      if (row === null) return undefined
      const { id, file, model, row: owner, field, attempts, stage, made } = row
      const attempt = attempts + 1
      const worker = newId()
      const tried = counts && { attempts: attempt, taken: this.#time(0) }
      await tx.tapri_films.update(id, { state: 'working', worker, expires: this.#time(lease), ...tried })
      return { id, file, model, row: owner, field, worker, attempt, stage, made: rungsOf(made) }
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

  async giveWay(job: FilmJob): Promise<void> {
    await this.#change(job, { state: 'waiting', stage: 'rest', worker: null, attempts: job.attempt - 1, expires: this.#time(0) })
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
