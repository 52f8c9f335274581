import { type SentFrame, visitorPrefix } from '../kit/channel-protocol.ts'
import type { Clock } from '../kit/clock.ts'
import type { TapriError } from '../kit/errors.ts'
import { maxClientFrame } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import { clientError } from './errors.ts'
import { newKey } from './key.ts'
import { errorOf } from './line.ts'

interface Outgoing {
  readonly key: string
  readonly message: unknown
  /** Who has said it, unless that was nobody in particular. */
  by: string | undefined
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

const mostWaiting = 100
/** What a frame has around a message. */
const around = 200

/** What was said in one channel and is not acknowledged: one message at a time is on its way, so that none overtakes another. */
export class Outbox {
  readonly #clock: Clock
  readonly #send: (message: Pick<Outgoing, 'key' | 'message'>) => void
  readonly #waiting: Outgoing[] = []
  #isOpen = false
  #isAsked = false
  /** Who says what is said now; undefined for a visitor, and while nobody knows. */
  #speaker: string | undefined
  #cancelPause = () => {}

  constructor(clock: Clock, send: (message: Pick<Outgoing, 'key' | 'message'>) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** Resolves when the server has taken the message. */
  add(message: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= mostWaiting) throw full()
      if (new TextEncoder().encode(encodeWire(message)).byteLength > maxClientFrame - around) throw tooLarge()
      this.#waiting.push({ key: newKey(), message, by: this.#speaker, resolve, reject })
      this.#next()
    })
  }

  /** The server takes messages of this member; what it may have been sent before is sent again, under its key. */
  open(member: string): void {
    // a visitor is another member on every line
    this.#speaker = member.startsWith(visitorPrefix) ? undefined : member
    this.#claim()
    this.#isOpen = true
    this.#sendNext()
  }

  /** The line is lost. */
  pause(): void {
    this.#isOpen = false
    this.#cancelPause()
  }

  onSent({ key, problem }: SentFrame): void {
    const [first] = this.#waiting
    if (first === undefined || first.key !== key) return
    const error = problem && errorOf(problem)
    const wait = passesAfter(error)
    if (wait >= 0) {
      this.#cancelPause = this.#clock.after(wait * 1000, () => this.#sendNext())
      return
    }
    this.#waiting.shift()
    if (error === undefined) first.resolve()
    else first.reject(error)
    this.#sendNext()
  }

  /** The caller is another now: what is said from here on is said by whoever that turns out to be. */
  renew(): void {
    this.#speaker = undefined
  }

  /** Nothing will be sent any more. */
  end(error: Error): void {
    this.pause()
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  /** What nobody in particular has said is this speaker's; what somebody else has said is not said in this one's name. */
  #claim(): void {
    for (const waiting of this.#waiting.splice(0)) {
      waiting.by ??= this.#speaker
      if (waiting.by === this.#speaker) this.#waiting.push(waiting)
      else waiting.reject(clientError('TAPRI_CLIENT_LEFT', 'Cannot send: the member who said this has left'))
    }
  }

  #sendNext(): void {
    this.#isAsked = false
    this.#next()
  }

  #next(): void {
    const [first] = this.#waiting
    if (!this.#isOpen || this.#isAsked || first === undefined) return
    this.#isAsked = true
    this.#send(first)
  }
}

/** Seconds after which the server will take what it does not take now, where that is no fault of the message; NaN where it will not. */
function passesAfter(error: TapriError | undefined): number {
  const isPassing = error !== undefined && (error.status >= 500 || error.code === 'TAPRI_LIVE_TOO_FAST')
  return isPassing ? Number(error.facts?.retryAfter) : Number.NaN
}

function full() {
  return clientError('TAPRI_CLIENT_QUEUE', `Cannot send: ${mostWaiting} messages wait for the server already`)
}

function tooLarge() {
  return clientError('TAPRI_CLIENT_INPUT', `Cannot send: the message is larger than ${maxClientFrame - around} bytes`)
}
