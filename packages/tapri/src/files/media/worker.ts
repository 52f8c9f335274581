import type { Clock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import type { Log } from '../../observe/index.ts'
import type { FilmJob, JobSource } from './jobs.ts'

/** How a job is done. */
export interface WorkOptions {
  readonly signal: AbortSignal
  /** It is one more than may be made ready at a time: it gives way once it can be played. */
  readonly isExtra: boolean
}

export interface WorkerOptions {
  readonly source: JobSource
  readonly clock: Clock
  readonly log: Log
  /** Films that are made ready at a time. */
  readonly atOnce: number
  /** Whether the programs for it are there; asked once, and again when one was not. */
  capable(): Promise<boolean>
  /** Does one job and ends it; rejects with the signal's reason once it aborts. False when it was begun and gives way to others. */
  work(job: FilmJob, options: WorkOptions): Promise<boolean>
  /** Tells of a job that cannot be done, for good, and ends it. */
  fail(job: FilmJob, state: 'failed' | 'unavailable', reason: string): Promise<void>
}

interface Running {
  /** Of the job. */
  readonly id: string
  readonly isExtra: boolean
  readonly abort: AbortController
  readonly done: Promise<void>
}

/** Milliseconds between looks for jobs of processes that have died. */
const lookEvery = 2500
const renewEvery = 2500
const mostAttempts = 4
const pause = 15_000

/** Takes jobs from their source and does them, some at a time, until it is closed. */
export class FilmWorker {
  readonly #options: WorkerOptions
  readonly #running = new Set<Running>()
  readonly #stopListening: () => void
  #stopLooking = () => {}
  #filling: Promise<void> | undefined
  #isAskedAgain = false
  #isCapable: boolean | undefined
  #isClosed = false

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#stopListening = options.source.listen({
      work: () => this.#fill(),
      ended: (id) => this.#leave(id),
    })
    this.#look()
  }

  /** Ends when there is nothing to do; for tests. */
  async settled(): Promise<void> {
    while (this.#filling !== undefined || this.#running.size > 0) {
      await this.#filling
      await Promise.all([...this.#running].map(({ done }) => done))
    }
  }

  /** Gives back what it works on. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopListening()
    this.#stopLooking()
    await this.#filling
    for (const { abort } of this.#running) abort.abort(new Closing())
    await this.settled()
  }

  #look(): void {
    this.#fill()
    this.#stopLooking = this.#options.clock.after(lookEvery, () => this.#look())
  }

  #fill(): void {
    if (this.#isClosed) return
    this.#isAskedAgain = true
    this.#filling ??= this.#takeAll().finally(() => {
      this.#filling = undefined
    })
  }

  async #takeAll(): Promise<void> {
    const { source, atOnce, log } = this.#options
    try {
      while (this.#isAskedAgain && !this.#isClosed) {
        this.#isAskedAgain = false
        while (!this.#isClosed) {
          const isExtra = this.#count({ isExtra: false }) >= atOnce
          if (isExtra && this.#count({ isExtra: true }) > 0) break
          this.#isCapable ??= await this.#options.capable()
          const job = await source.take({ capable: this.#isCapable, ...(isExtra && { stage: 'first' }) })
          if (job === undefined) break
          this.#begin(job, { isExtra })
        }
      }
    } catch (error) {
      log.event('files.films.take.failed', { error }, 'error')
    }
  }

  #count({ isExtra }: Pick<Running, 'isExtra'>): number {
    return [...this.#running].filter((running) => running.isExtra === isExtra).length
  }

  #begin(job: FilmJob, { isExtra }: Pick<Running, 'isExtra'>): void {
    // what this process took before and lost meanwhile, when its database was away for too long
    this.#leave(job.id)
    const abort = new AbortController()
    const done = this.#run(job, { isExtra, abort }).finally(() => {
      this.#running.delete(running)
      this.#fill()
    })
    const running = { id: job.id, isExtra, abort, done }
    this.#running.add(running)
  }

  #leave(id: string): void {
    for (const running of this.#running) if (running.id === id) running.abort.abort(new Lost())
  }

  async #run(job: FilmJob, { isExtra, abort }: Pick<Running, 'isExtra' | 'abort'>): Promise<void> {
    const { source, clock, log } = this.#options
    let stop = () => {}
    const renewLater = () => {
      stop = clock.after(renewEvery, () => {
        renewLater()
        // a database that is away for a moment takes nobody's job; another worker may, and then this one is told
        source.renew(job).then(
          (isOurs) => isOurs || abort.abort(new Lost()),
          (error: unknown) => log.event('files.film.renew.failed', { error, job: job.id }, 'warn'),
        )
      })
    }
    renewLater()
    try {
      await this.#attempt(job, { isExtra, signal: abort.signal })
    } catch (error) {
      log.event('files.film.failed', { error, job: job.id, file: job.file }, 'error')
    } finally {
      stop()
    }
  }

  async #attempt(job: FilmJob, options: WorkOptions): Promise<void> {
    const { source, log, clock } = this.#options
    if (this.#isCapable !== true) return this.#giveUp(job, 'unavailable', unavailable)
    if (job.attempt > mostAttempts)
      return this.#giveUp(job, 'failed', `It was tried ${mostAttempts} times without coming to an end`)
    const began = clock.now()
    try {
      if (!(await this.#options.work(job, options))) return await source.giveWay(job)
      log.event('files.film.ready', { job: job.id, file: job.file, ms: clock.now() - began })
    } catch (error) {
      if (options.signal.reason instanceof Lost) return
      // a signal that ends the whole group of processes reaches ffmpeg first
      if (this.#isClosed) return source.postpone(job, { delay: 0, counts: false })
      await this.#settle(job, error)
    }
  }

  async #settle(job: FilmJob, error: unknown): Promise<void> {
    const { source, log } = this.#options
    if (isGone(error)) return this.#drop(job)
    const code = error instanceof TapriError ? error.code : undefined
    log.event(
      'files.film.failed',
      { error, job: job.id, file: job.file, attempt: job.attempt },
      code === 'TAPRI_FILES_FILM' ? 'warn' : 'error',
    )
    if (code === 'TAPRI_FILES_NO_FFMPEG') {
      // it was there: whether it is again is asked before the next job
      this.#isCapable = undefined
      return this.#giveUp(job, 'unavailable', unavailable)
    }
    if (error instanceof TapriError && code === 'TAPRI_FILES_FILM') return this.#giveUp(job, 'failed', error.message)
    // a full disk, a store that is away, an ffmpeg that was ended from outside: it may be better soon
    if (job.attempt < mostAttempts) return source.postpone(job, { delay: pause * job.attempt, counts: true })
    return this.#giveUp(job, 'failed', 'It could not be made ready; the log of the server says why')
  }

  async #giveUp(job: FilmJob, state: 'failed' | 'unavailable', reason: string): Promise<void> {
    try {
      await this.#options.fail(job, state, reason)
    } catch (error) {
      if (!isGone(error)) throw error
      await this.#drop(job)
    }
  }

  /** A job whose film has gone; that of another worker stays as it is. */
  async #drop(job: FilmJob): Promise<void> {
    await this.#options.source.end(job, 'cancelled')
  }
}

/** The row, the file or both went while it was worked on. */
function isGone(error: unknown): boolean {
  return error instanceof TapriError && (error.code === 'TAPRI_NOT_FOUND' || error.code === 'TAPRI_DATA_NO_SUCH_ROW')
}

const unavailable = 'It plays as it is: this server has no ffmpeg to make it ready for streaming'

/** Why a job is left: it is cancelled, gone, or another worker's. */
class Lost extends Error {}

/** Why a job is given back. */
class Closing extends Error {}
