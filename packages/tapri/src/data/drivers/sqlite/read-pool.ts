import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../../kit/clock.ts'
import { aborted } from '../../aborted.ts'
import type { RawAnswer } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { Sql } from '../sql/dialect.ts'
import type { SqliteRow } from './connection.ts'
import { translate } from './failure.ts'
import type { Ask, Place, RawRead, Reading, Start, Told } from './read-worker.ts'

export interface PoolOptions extends Place {
  /** Workers at once; the first is started by the first read, one more when all are at work. */
  readonly most: number
  /** Megabytes for the rows of one read, 512 unless told; a read that needs more ends its thread, not the app. */
  readonly memory?: number
  readonly clock: Clock
}

/** What a worker has read, and the milliseconds that SQLite took for it. */
export interface WorkerRead {
  readonly rows: readonly SqliteRow[]
  readonly took: number
}

interface Rows {
  readonly rows: readonly unknown[]
  readonly took: number
}

interface Job {
  readonly reading: Reading
  readonly rows: unknown[]
  took: number
  /** A worker that dies may take the read with it once: reads can be repeated. */
  runs: number
  cancelLimit: () => void
  resolve(read: Rows): void
  reject(error: unknown): void
}

interface Thread {
  readonly worker: Worker
  readonly aborted: Start['aborted']
  job: Job | undefined
  cancelIdle: () => void
}

/** A worker stops a read by itself where SQLite asks it; where it does not (a large sort), the worker is given up. */
const grace = 1000
const idleFor = 60_000
const mostRuns = 2

/** Threads that read what takes long, so that the event loop need not wait for it. */
export class ReadPool {
  readonly #options: PoolOptions
  readonly #file: URL
  readonly #threads = new Set<Thread>()
  readonly #waiting = new Set<Job>()
  readonly #pausing: (() => void)[] = []
  #isQuiet = false

  private constructor(options: PoolOptions, file: URL) {
    this.#options = options
    this.#file = file
  }

  /** Undefined when there may be no workers, or their file is not there: in a program that was bundled into one file. */
  static open(options: PoolOptions): ReadPool | undefined {
    const file = workerFile()
    return options.most === 0 || file === undefined ? undefined : new ReadPool(options, file)
  }

  /** The workers there are at the moment. */
  get size(): number {
    return this.#threads.size
  }

  /** Reads what is committed at some moment after the call.
   * @throws TAPRI_DATA_TIMEOUT, TAPRI_DATA_STORAGE, TAPRI_DATA_ABORTED */
  read(statement: Sql, signal?: AbortSignal): Promise<WorkerRead> {
    return this.#run({ kind: 'built', statement }, ({ rows, took }) => ({ rows: asLists(rows), took }), signal)
  }

  /** Reads by a statement of the app's own. SQLite is not asked to stop it: beyond the limit its thread is given up. */
  raw(statement: RawRead, signal?: AbortSignal): Promise<RawAnswer> {
    return this.#run({ kind: 'raw', statement }, ({ rows }) => ({ rows: asRecords(rows), changed: rows.length }), signal)
  }

  #run<T>(reading: Reading, answer: (read: Rows) => T, signal: AbortSignal | undefined): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal))
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const leave = () => signal && this.#abort(job, signal)
    const job: Job = {
      reading,
      rows: [],
      took: 0,
      runs: 0,
      cancelLimit: () => {},
      resolve(read) {
        signal?.removeEventListener('abort', leave)
        resolve(answer(read))
      },
      reject(error) {
        signal?.removeEventListener('abort', leave)
        reject(error)
      },
    }
    const { clock, limit } = this.#options
    job.cancelLimit = clock.after(limit, () => this.#refuse(job))
    this.#waiting.add(job)
    this.#dispatch()
    signal?.addEventListener('abort', leave)
    return promise
  }

  /** Nobody waits for it any more: a thread that is at it is told, and given up when it does not listen. */
  #abort(job: Job, signal: AbortSignal): void {
    job.reject(aborted(signal))
    job.cancelLimit()
    // nor is it run again
    job.runs = mostRuns
    this.#waiting.delete(job)
    for (const thread of this.#threads) {
      if (thread.job !== job) continue
      Atomics.store(thread.aborted, 0, 1)
      job.cancelLimit = this.#options.clock.after(grace, () => this.#giveUp(thread, job))
    }
  }

  /** Does the work while no worker reads; those who ask meanwhile wait. */
  async quietly(work: () => void): Promise<void> {
    this.#isQuiet = true
    try {
      while (this.#isReading) await this.#pause()
      work()
    } finally {
      this.#isQuiet = false
      this.#dispatch()
    }
  }

  /** Ends when all reads that were asked for have. */
  async close(): Promise<void> {
    while (this.#isReading || this.#waiting.size > 0) await this.#pause()
    const threads = [...this.#threads]
    this.#threads.clear()
    await Promise.all(threads.map((thread) => end(thread)))
  }

  get #isReading(): boolean {
    for (const thread of this.#threads) if (thread.job !== undefined) return true
    return false
  }

  /** Until a read has ended. */
  #pause(): Promise<void> {
    return new Promise((resolve) => this.#pausing.push(resolve))
  }

  #dispatch(): void {
    for (const resume of this.#pausing.splice(0)) resume()
    if (this.#isQuiet) return
    for (const job of this.#waiting) {
      const thread = this.#freeThread()
      if (thread === undefined) return
      this.#waiting.delete(job)
      this.#start(thread, job)
    }
  }

  #freeThread(): Thread | undefined {
    for (const thread of this.#threads) if (thread.job === undefined) return thread
    return this.#threads.size < this.#options.most ? this.#open() : undefined
  }

  #open(): Thread {
    const { path, limit, memory = 512 } = this.#options
    const aborted = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const workerData: Start = { path, limit, aborted }
    const resourceLimits = { maxOldGenerationSizeMb: memory }
    const worker = new Worker(this.#file, { workerData, resourceLimits, ...ownOptions() })
    const thread: Thread = { worker, aborted, job: undefined, cancelIdle: () => {} }
    worker.on('message', (told: Told) => this.#take(thread, told))
    worker.on('error', (error) => this.#lose(thread, error))
    worker.on('exit', (code) => this.#lose(thread, new Error(`The thread ended with code ${code}`)))
    this.#threads.add(thread)
    return thread
  }

  #start(thread: Thread, job: Job): void {
    const { clock, limit } = this.#options
    job.runs++
    Atomics.store(thread.aborted, 0, 0)
    job.cancelLimit()
    job.cancelLimit = clock.after(limit + grace, () => this.#giveUp(thread, job))
    thread.job = job
    thread.cancelIdle()
    // a read in hand keeps the process alive, an idle thread does not
    thread.worker.ref()
    ask(thread, job.reading)
  }

  #take(thread: Thread, told: Told): void {
    const { job } = thread
    if (job === undefined) return
    if ('rows' in told && !told.isLast) {
      job.rows.push(...told.rows)
      job.took += told.took
      ask(thread, 'more')
      return
    }
    thread.job = undefined
    thread.worker.unref()
    thread.cancelIdle = this.#options.clock.after(idleFor, () => this.#dismiss(thread))
    job.cancelLimit()
    if ('failure' in told) job.reject(this.#failureOf(told.failure))
    else job.resolve({ rows: job.rows.length === 0 ? told.rows : [...job.rows, ...told.rows], took: job.took + told.took })
    this.#dispatch()
  }

  #failureOf({ message, errcode, isOverrun }: Extract<Told, { failure: unknown }>['failure']): unknown {
    return isOverrun ? tookTooLong(this.#options.limit) : translate(Object.assign(new Error(message), { errcode }))
  }

  /** It waited for a worker as long as a read may take. */
  #refuse(job: Job): void {
    this.#waiting.delete(job)
    const reason = `it has waited ${this.#options.limit / 1000} s for others, which take long too`
    job.reject(dataError('TAPRI_DATA_TIMEOUT', `Cannot read: ${reason}`))
    this.#dispatch()
  }

  #giveUp(thread: Thread, job: Job): void {
    job.reject(tookTooLong(this.#options.limit))
    this.#dismiss(thread)
    this.#dispatch()
  }

  /** Its thread ends when SQLite lets go of it; nobody waits for that. */
  #dismiss(thread: Thread): void {
    this.#threads.delete(thread)
    thread.job = undefined
    void end(thread)
  }

  #lose(thread: Thread, cause: Error): void {
    if (!this.#threads.delete(thread)) return
    thread.cancelIdle()
    const { job } = thread
    if (job === undefined) return
    job.cancelLimit()
    if (job.runs < mostRuns) {
      job.rows.length = 0
      job.took = 0
      this.#waiting.add(job)
    } else {
      job.reject(dataError('TAPRI_DATA_STORAGE', `Cannot read: the read worker died of this query, ${cause.message}`, { cause }))
    }
    this.#dispatch()
  }
}

// The rows of statements that were built are read as lists.
function asLists(rows: readonly unknown[]): readonly SqliteRow[] {
  return rows as readonly SqliteRow[]
}

// Those of the app's own as SQLite's package makes them by itself.
function asRecords(rows: readonly unknown[]): RawAnswer['rows'] {
  return rows as RawAnswer['rows']
}

function ask({ worker }: Thread, ask: Ask): void {
  worker.postMessage(ask)
}

async function end(thread: Thread): Promise<void> {
  thread.cancelIdle()
  thread.worker.unref()
  await thread.worker.terminate()
}

/** @throws nothing; a bundler may have left no place to look at */
function workerFile(): URL | undefined {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const file = new URL(`./read-worker.${ending}`, import.meta.url)
  return file.protocol === 'file:' && existsSync(fileURLToPath(file)) ? file : undefined
}

export function tookTooLong(limit: number) {
  const advice = 'narrow the query or give it an index; statement_timeout in DATABASE_URL sets the limit'
  return dataError('TAPRI_DATA_TIMEOUT', `Cannot read: it took longer than ${limit / 1000} s, ${advice}`)
}

/** Of a process whose code came by `--eval`: a thread that is told how to read that code, too, ends at once. */
function ownOptions(): { readonly execArgv?: string[] } {
  return process.execArgv.some((option) => option.startsWith('--input-type')) ? { execArgv: [] } : {}
}
