import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../kit/clock.ts'
import type { LoggedChanges, Tail } from './driver.ts'
import { dataError } from './errors.ts'

interface TailOptions {
  /** Everything up to this position is known. */
  readonly from: number
  readonly clock: Clock
  hear(entry: LoggedChanges): void
  /** Everything up to there has its place; told instead of what it is while nobody follows. */
  skip(position: number): void
  /** Nobody can tell any more what was committed up to there. */
  lose(position: number): void
  isFollowed(): boolean
  fail(error: unknown): void
}
interface Waiting {
  readonly position: number
  readonly resolve: () => void
}

/** Milliseconds. */
const notedEvery = 20
const readAtOnce = 500
const pollEvery = 1000
const reconnectAtMost = 30_000
/** Pauses grow, and together they last about two seconds. */
const mostPauses = 50

/**
 * Reads a log that many processes write, as it becomes certain. Its own process's commits wake it, those of others
 * by notification and, should that be lost, by a slow poll.
 */
export class LogTail {
  readonly #tail: Tail
  readonly #options: TailOptions
  /** Whoever wakes it, it does not read as a part of that: not inside of its transaction. */
  readonly #outside = AsyncLocalStorage.snapshot()
  readonly #waiting = new Set<Waiting>()
  #position: number
  #reading: Promise<void> | undefined
  #isAsked = false
  #isListening = false
  #hasNews = false
  #failures = 0
  #pauses = 0
  /** Nobody waits any more for what older transactions keep back, until something is heard again. */
  #isKeptBack = false
  #cancelTimer: () => void = () => {}
  #isClosed = false
  #noted = 0
  #soon: NodeJS.Timeout | undefined

  constructor(tail: Tail, options: TailOptions) {
    this.#tail = tail
    this.#options = options
    this.#position = options.from
    this.wake()
  }

  /** Ends when the position was heard. Older transactions may keep it back: that is waited for once, for two seconds. */
  async reach(position: number): Promise<void> {
    this.#hasNews = true
    if (position <= this.#position || this.#isKeptBack || this.#isClosed) return this.wake()
    await new Promise<void>((resolve) => {
      this.#waiting.add({ position, resolve })
      this.wake()
    })
  }

  /** Something was committed that nobody here waits to hear of: that others are told of it can wait for others like it. */
  note(): void {
    this.#hasNews = true
    if (this.#soon !== undefined || this.#isClosed) return
    const left = this.#noted + notedEvery - performance.now()
    const wake = () => {
      this.#soon = undefined
      this.#noted = performance.now()
      this.wake()
    }
    if (left <= 0) wake()
    else this.#soon = setTimeout(wake, left)
  }

  /** Another process says that it has committed: it is waited for as an own commit is, and nobody is told of it again. */
  expect(position: number): void {
    if (position <= this.#position || this.#isClosed) return
    if (!this.#isKeptBack) this.#waiting.add({ position, resolve: () => {} })
    this.wake()
  }

  /** Ends when all that is committed now was heard. */
  async settle(): Promise<void> {
    this.wake()
    while (this.#reading !== undefined) await this.#reading
  }

  wake(): void {
    this.#isAsked = true
    if (this.#reading !== undefined || this.#isClosed) return
    this.#reading = this.#outside(() => this.#work()).finally(() => {
      this.#reading = undefined
      if (this.#isAsked) this.wake()
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelTimer()
    clearTimeout(this.#soon)
    await this.#reading
    this.#letGo()
    await this.#tail.close()
  }

  async #work(): Promise<void> {
    this.#cancelTimer()
    try {
      await this.#listen()
      while (this.#isAsked && !this.#isClosed) {
        this.#isAsked = false
        await this.#readAll()
        await this.#pauseForOlder()
      }
      this.#failures = 0
      this.#later(this.#tail.pollEvery ?? pollEvery)
    } catch (error) {
      this.#lose(error)
    }
  }

  async #listen(): Promise<void> {
    if (this.#isListening) return
    await this.#tail.listen((lost) => {
      if (lost !== undefined) this.#isListening = false
      this.wake()
    })
    this.#isListening = true
  }

  async #readAll(): Promise<void> {
    if (!(await this.#skipped())) await this.#readEntries()
    for (const waiting of this.#waiting) {
      if (waiting.position > this.#position) continue
      this.#waiting.delete(waiting)
      waiting.resolve()
    }
    if (!this.#hasNews) return
    this.#hasNews = false
    await this.#tail.notify?.()
  }

  /** While nobody listens it is enough to know how far it goes. Whoever began to listen meanwhile hears all of it. */
  async #skipped(): Promise<boolean> {
    const { isFollowed, skip } = this.#options
    if (this.#tail.newest === undefined || isFollowed()) return false
    const position = await this.#tail.newest()
    if (isFollowed()) return false
    if (position <= this.#position) return true
    this.#position = position
    this.#isKeptBack = false
    skip(position)
    return true
  }

  async #readEntries(): Promise<void> {
    for (let count = readAtOnce; count === readAtOnce; ) {
      const { entries, forgotten } = await this.#tail.read(this.#position, readAtOnce)
      if (forgotten > this.#position) this.#miss(forgotten)
      count = entries.length
      for (const entry of entries) if (entry.position > this.#position) this.#hear(entry)
    }
  }

  #hear(entry: LoggedChanges): void {
    const { hear, fail, lose } = this.#options
    this.#position = entry.position
    this.#isKeptBack = false
    try {
      hear(entry)
    } catch (error) {
      // it makes no sense here: anything may have changed
      fail(error)
      lose(entry.position)
    }
  }

  /** What was committed up to this position is forgotten, and was not heard. */
  #miss(position: number): void {
    if (position <= this.#position) return
    this.#options.fail(missed(this.#position))
    this.#position = position
    this.#options.lose(position)
  }

  /** A commit of this process is not certain while an older transaction, of anybody, is open. */
  async #pauseForOlder(): Promise<void> {
    if (this.#waiting.size === 0) {
      this.#pauses = 0
      return
    }
    this.#isAsked = true
    if (this.#pauses < mostPauses) return this.#tail.pause(this.#pauses++)
    // the commits stand; listeners hear of them when the poll finds them certain
    this.#isAsked = false
    this.#isKeptBack = true
    this.#letGo()
  }

  #letGo(): void {
    this.#pauses = 0
    for (const { resolve } of this.#waiting) resolve()
    this.#waiting.clear()
  }

  /** What was committed meanwhile is read when the database answers again. */
  #lose(error: unknown): void {
    this.#isListening = false
    this.#isAsked = false
    this.#letGo()
    if (this.#isClosed) return
    if (this.#failures++ === 0) this.#options.fail(error)
    this.#later(Math.min(reconnectAtMost, 100 * 2 ** this.#failures))
  }

  #later(milliseconds: number): void {
    if (this.#isClosed) return
    this.#cancelTimer = this.#options.clock.after(milliseconds, () => this.wake())
  }
}

function missed(position: number) {
  const why = 'this process was cut off from the database for longer than its log reaches back'
  return dataError('TAPRI_DATA_CHANGES_GONE', `Cannot tell what changed after position ${position}: ${why}`)
}
