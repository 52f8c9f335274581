import type { IncomingMessage } from 'node:http'
import type { Clock } from '../kit/clock.ts'

export interface Watch {
  readonly request: IncomingMessage
  cut(): void
  since: number
  received: number
  /** Where it stands among the watched; -1 once nobody watches. */
  at: number
}

const patience = 5000
const slowest = 500
/** Most bodies are whole before they are first looked at, so nothing is measured until then. */
const unseen = -1

/**
 * Cuts senders that hold a connection with a body that hardly comes: fewer than 500 bytes a second over
 * five seconds. A whole-request timeout would cut large uploads over slow lines as well.
 */
export class SlowBodies {
  readonly #clock: Clock
  /** In no order. A set would give each watch a hash, which most bodies are too short-lived to pay for. */
  readonly #watched: Watch[] = []
  #isLooking = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Watches until `unwatch`; `cut` is called at most once. */
  watch(request: IncomingMessage, cut: () => void): Watch {
    const watch = { request, cut, since: unseen, received: 0, at: this.#watched.length }
    this.#watched.push(watch)
    if (!this.#isLooking) this.#lookSoon()
    return watch
  }

  unwatch(watch: Watch): void {
    const { at } = watch
    if (at === -1) return
    watch.at = -1
    // the last one takes the free place
    const last = this.#watched.pop()
    if (last === undefined || last === watch) return
    this.#watched[at] = last
    last.at = at
  }

  #lookSoon(): void {
    this.#isLooking = true
    this.#clock.after(1000, () => {
      this.#isLooking = false
      // a copy, as those that are cut leave
      for (const watch of [...this.#watched]) this.#look(watch)
      if (this.#watched.length > 0) this.#lookSoon()
    })
  }

  #look(watch: Watch): void {
    const { request } = watch
    const now = this.#clock.now()
    const elapsed = now - watch.since
    if (watch.since !== unseen && elapsed < patience) return
    const received = request.socket.bytesRead
    // When it is we who do not read, as while a disk is busy, the sender is not to blame
    const isOurs =
      // nobody has begun to read, as while another request with the same upload ends
      request.readableFlowing === null ||
      (request.isPaused() && request.readableLength > 0) ||
      request.readableLength >= request.readableHighWaterMark
    const isSlow = watch.since !== unseen && !isOurs && received - watch.received < (slowest * elapsed) / 1000
    watch.since = now
    watch.received = received
    if (!isSlow) return
    this.unwatch(watch)
    watch.cut()
  }
}
