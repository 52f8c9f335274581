import type { Clock } from '../../kit/clock.ts'
import { filesError } from '../errors.ts'
import { fewKeyFrames } from './cutter.ts'

/** Milliseconds without a piece after which a push is given up, whatever comes of it. */
const patience = 60_000
/** Milliseconds after which a sender has fallen silent. */
const silence = 20_000
const lookEvery = 5000

interface WatchOptions {
  readonly clock: Clock
  /** Called now and then while no piece is there to be shown, with the moment at which the sender was last heard, or waited for us. */
  readonly stay: (heardAt: number) => void
  /** Whether the sender waits until we take more. */
  readonly isHeldUp: () => boolean
}

/** Sees to it that a push ends: of a sender that is silent, one whose bytes never make a piece, a program that stands still. */
export class Watch implements Disposable {
  readonly #options: WatchOptions
  readonly #abort = new AbortController()
  #stop = () => {}
  #heardAt: number
  #hasHeard = false
  #keptAt: number
  #isKeeping = false
  #isOver = false

  constructor(options: WatchOptions) {
    this.#options = options
    this.#heardAt = options.clock.now()
    this.#keptAt = this.#heardAt
    this.#lookLater()
  }

  /** Aborts when the push is given up, and says why. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Bytes have come. */
  heard(): void {
    this.#heardAt = this.#options.clock.now()
    this.#hasHeard = true
  }

  /** All bytes have come. */
  over(): void {
    this.#isOver = true
  }

  /** Lets a piece be kept, for as long as that takes: the store has bounds of its own. */
  async keeping(keep: () => Promise<void>): Promise<void> {
    this.#isKeeping = true
    try {
      await keep()
    } finally {
      this.#isKeeping = false
      this.#keptAt = this.#options.clock.now()
    }
  }

  [Symbol.dispose](): void {
    this.#stop()
  }

  #lookLater(): void {
    this.#stop = this.#options.clock.after(lookEvery, () => this.#look())
  }

  #look(): void {
    const now = this.#options.clock.now()
    if (this.#isKeeping) {
      // no silence of the sender's
      if (this.#options.isHeldUp()) this.heard()
    } else if (now - this.#keptAt >= patience) {
      this.#abort.abort(this.#reason(now))
      return
    }
    // a piece says so by itself
    if (this.#hasHeard && now - this.#keptAt >= lookEvery) this.#options.stay(this.#heardAt)
    this.#hasHeard = false
    this.#lookLater()
  }

  #reason(now: number): Error {
    if (this.#isOver) {
      const why = 'ffmpeg stood still for 60 seconds after all of it had come'
      return filesError('TAPRI_FILES_INTERRUPTED', `Cannot take the end of the stream: ${why}`)
    }
    return now - this.#heardAt < silence ? fewKeyFrames() : silent()
  }
}

/** Why a push is over of which nothing comes any more. */
export function silent() {
  const how = 'push again to go on'
  return filesError('TAPRI_FILES_STALLED', `Cannot wait for more of the stream: its sender has fallen silent; ${how}`)
}
