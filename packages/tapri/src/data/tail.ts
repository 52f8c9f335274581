import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../kit/clock.ts'
import type { LoggedChanges, Tail } from './driver.ts'
import { dataError } from './errors.ts'

interface TailOptions {
  /** Everything up to this position is known. */
  readonly from: number
  readonly clock: Clock
  hear(entry: LoggedChanges): void
  fail(error: unknown): void
}
interface Waiting {
  readonly position: number
  readonly resolve: () => void
}

const readAtOnce = 500
const pollEvery = 2000
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
    for (let count = readAtOnce; count === readAtOnce; ) {
      const { entries, forgotten } = await this.#tail.read(this.#position, readAtOnce)
      if (forgotten > this.#position) this.#options.fail(missed(this.#position))
      count = entries.length
      for (const entry of entries) {
        this.#position = entry.position
        this.#isKeptBack = false
        this.#options.hear(entry)
      }
    }
    for (const waiting of this.#waiting) {
      if (waiting.position > this.#position) continue
      this.#waiting.delete(waiting)
      waiting.resolve()
    }
    if (!this.#hasNews) return
    this.#hasNews = false
    await this.#tail.notify()
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
