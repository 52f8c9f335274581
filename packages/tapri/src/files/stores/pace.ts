import type { Clock } from '../../kit/clock.ts'
import { filesError } from '../errors.ts'

/** Milliseconds over which a sender is judged. */
const span = 30_000
/** Bytes that come in them from the slowest line on which files are sent. */
const least = 16 * 1024
/** Bytes that come in a millisecond from the slowest sender who is waited for. */
export const slowest = least / span

interface Paced {
  /** Ends it with this error. */
  destroy(error: Error): unknown
}

interface Holding {
  /** Bytes of it that are in use now. */
  readonly held: number
}

/** Gives a source up whose sender lets a share of a budget lie: what it holds, others wait for. */
export class Pace implements Disposable {
  readonly #source: Paced
  readonly #share: Holding
  readonly #clock: Clock
  #stop = () => {}
  /** Since when the sender is waited for. */
  #since: number | undefined
  /** Milliseconds of this span in which it was. */
  #waited = 0
  #came = 0

  constructor(source: Paced, share: Holding, clock: Clock) {
    this.#source = source
    this.#share = share
    this.#clock = clock
    this.waits()
    this.#lookLater()
  }

  /** From now on the sender is waited for. */
  waits(): void {
    this.#since = this.#clock.now()
  }

  /** So many bytes have come; until `waits` nothing is asked of the sender. */
  got(bytes: number): void {
    this.#count()
    this.#since = undefined
    this.#came += bytes
  }

  [Symbol.dispose](): void {
    this.#stop()
  }

  #count(): void {
    if (this.#since !== undefined) this.#waited += this.#clock.now() - this.#since
  }

  #lookLater(): void {
    this.#stop = this.#clock.after(span, () => this.#look())
  }

  #look(): void {
    this.#count()
    if (this.#since !== undefined) this.waits()
    const isSlow = this.#waited >= span * 0.9 && this.#came < least
    if (isSlow && this.#share.held > 0) {
      this.#source.destroy(tooSlow())
      return
    }
    this.#waited = 0
    this.#came = 0
    this.#lookLater()
  }
}

/** Not a 408: clients of tus take that for the end of the upload. */
function tooSlow() {
  const how = 'go on with the upload'
  return filesError('TAPRI_FILES_BUSY', `Cannot wait for more of this file: hardly any of it came for 30 seconds; ${how}`, {
    facts: { retryAfter: 1 },
  })
}
