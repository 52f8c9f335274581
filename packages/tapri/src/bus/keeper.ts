import type { Clock } from '../kit/clock.ts'
import { reasonOf } from '../kit/reason.ts'
import type { Notices } from '../redis/index.ts'
import type { Line, LineEnds, LineMaker } from './line.ts'

/** What a keeper tells of. */
export interface KeeperEnds {
  hear(topic: string, text: string): void
  /** A line is there; it holds once what must be heard is asked of it. */
  begin(line: Line): Promise<void>
  /** The line holds, and one before it did not. */
  found(): void
}

interface KeeperOptions {
  readonly clock: Clock
  readonly notices: Notices | undefined
}

/** Milliseconds. A line that has gone without a word is noticed after two of them. */
const pingEvery = 5000
const openWithin = 15_000
const longestPause = 2000

/** Keeps a line to the others: makes it anew whenever it is lost. */
export class LineKeeper {
  readonly #maker: LineMaker
  readonly #ends: KeeperEnds
  readonly #clock: Clock
  readonly #notices: Notices | undefined
  readonly #waiting = new Set<(why: Error) => void>()
  #line: Line | undefined
  #failures = 0
  #why = 'it was not reached yet'
  #cancelTimer = () => {}
  #connecting: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(maker: LineMaker, ends: KeeperEnds, { clock, notices }: KeeperOptions) {
    this.#maker = maker
    this.#ends = ends
    this.#clock = clock
    this.#notices = notices
  }

  get line(): Line | undefined {
    return this.#line
  }

  /** Why there is no line. */
  get why(): string {
    return this.#why
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Ends after one attempt; when it fails, others follow by themselves. */
  connect(): Promise<void> {
    this.#connecting = this.#connect()
    return this.#connecting
  }

  /** @throws when the other side does not answer */
  async ping(line: Line): Promise<void> {
    if (line.ping !== undefined) await this.#within(pingEvery, line.ping())
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#why = 'it is closed'
    this.#cancelTimer()
    for (const reject of this.#waiting) reject(new Error(this.#why))
    await this.#connecting
    await this.#hangUp()
    await this.#maker.close?.()
  }

  async #connect(): Promise<void> {
    let isOver = false
    let isWhole = false
    let line: Line | undefined
    const ends: LineEnds = {
      hear: (topic, text) => {
        // what comes before the gap is told belongs to the gap
        if (isWhole && !isOver) this.#ends.hear(topic, text)
      },
      lost: (why) => {
        if (isOver) return
        isOver = true
        if (line !== undefined && line === this.#line) void this.#lose(why)
      },
    }
    try {
      line = await this.#opened(this.#maker.open(ends))
      if (isOver) throw new Error('it was lost at once')
      this.#line = line
      await this.#within(pingEvery, this.#ends.begin(line))
    } catch (error) {
      isOver = true
      if (line === undefined || line === this.#line) await this.#lose(error)
      else await line.close()
      return
    }
    if (this.#line !== line) return
    isWhole = true
    this.#watch(line)
    this.#found()
  }

  /** A line that comes too late is not wanted any more. */
  async #opened(opening: Promise<Line>): Promise<Line> {
    try {
      return await this.#within(openWithin, opening)
    } catch (error) {
      opening.then((line) => line.close(), ignore)
      throw error
    }
  }

  #found(): void {
    if (this.#failures === 0) return
    this.#failures = 0
    this.#notices?.event('bus.found', { server: this.#maker.shown })
    this.#ends.found()
  }

  async #lose(error: unknown): Promise<void> {
    this.#cancelTimer()
    if (this.#isClosed) return
    this.#why = reasonOf(error)
    await this.#hangUp()
    if (this.#isClosed) return
    if (this.#failures++ === 0) this.#notices?.event('bus.lost', { server: this.#maker.shown, why: this.#why }, 'warn')
    const pause = Math.min(longestPause, 25 * 2 ** Math.min(this.#failures, 8)) * (0.75 + Math.random() / 4)
    this.#cancelTimer = this.#clock.after(pause, () => void this.connect())
  }

  async #hangUp(): Promise<void> {
    const line = this.#line
    this.#line = undefined
    await line?.close()
  }

  #watch(line: Line): void {
    if (line.ping === undefined) return
    this.#cancelTimer = this.#clock.after(pingEvery, async () => {
      try {
        await this.ping(line)
        if (this.#line === line) this.#watch(line)
      } catch (error) {
        if (this.#line === line) await this.#lose(error)
      }
    })
  }

  /** Ends with the work, after so long, or when all of it is closed. */
  async #within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const cancel = this.#clock.after(milliseconds, () => reject(new Error('it does not answer')))
    this.#waiting.add(reject)
    try {
      return await Promise.race([work, late])
    } finally {
      cancel()
      this.#waiting.delete(reject)
    }
  }
}

function ignore(): void {}
