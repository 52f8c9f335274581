import type { Clock } from '../kit/clock.ts'

const interval = 25_000
const helloWithin = 10_000

export interface HeartbeatActions {
  /** Whether the other side has said hello. */
  isWelcome(): boolean
  ping(): void
  /** The other side is silent. */
  giveUp(): void
}

/** Asks, while a socket is open, whether the other side still hears. */
export class Heartbeat {
  readonly #clock: Clock
  readonly #actions: HeartbeatActions
  #cancel: () => void
  #isAsked = false
  #isStopped = false

  constructor(clock: Clock, actions: HeartbeatActions) {
    this.#clock = clock
    this.#actions = actions
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
    if (!this.#actions.isWelcome()) this.#actions.giveUp()
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
      this.#actions.giveUp()
      return
    }
    this.#isAsked = true
    this.#actions.ping()
    this.#wait()
  }
}
