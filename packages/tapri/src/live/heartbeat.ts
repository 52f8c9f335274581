import type { Clock } from '../kit/clock.ts'

const interval = 25_000
const helloWithin = 10_000

/** What beats. */
export interface HeartbeatOwner {
  /** Whether the other side has said hello. */
  readonly isWelcome: boolean
  ping(): void
  /** The other side is silent. */
  giveUp(): void
}

/** Asks, while a socket is open, whether the other side still hears. */
export class Heartbeat {
  readonly #clock: Clock
  readonly #owner: HeartbeatOwner
  #cancel: () => void
  #isAsked = false
  #isStopped = false

  constructor(clock: Clock, owner: HeartbeatOwner) {
    this.#clock = clock
    this.#owner = owner
    this.#cancel = clock.after(helloWithin, () => this.#expectHello())
  }

  /** A frame came. */
  heard(): void {
    this.#isAsked = false
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  #expectHello(): void {
    if (!this.#owner.isWelcome) this.#owner.giveUp()
    else this.#wait()
  }

  #wait(): void {
    // after a turn of the event loop: a clock that jumps must not outrun an answer that is on its way
    setImmediate(() => {
      if (!this.#isStopped) this.#cancel = this.#clock.after(interval, () => this.#beat())
    })
  }

  #beat(): void {
    if (this.#isAsked) {
      this.#owner.giveUp()
      return
    }
    this.#isAsked = true
    this.#owner.ping()
    this.#wait()
  }
}
