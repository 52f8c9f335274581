import type { SentFrame } from '../kit/channel-protocol.ts'
import type { Clock } from '../kit/clock.ts'
import { maxClientFrame, readProblem } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import { clientError } from './errors.ts'
import { newKey } from './key.ts'

interface Outgoing {
  readonly key: string
  readonly message: unknown
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
      this.#waiting.push({ key: newKey(), message, resolve, reject })
      this.#next()
    })
  }

  /** The server takes messages; what it may have been sent before is sent again, under its key. */
  open(): void {
    this.#isOpen = true
    this.#isAsked = false
    this.#next()
  }

  /** The line is lost. */
  pause(): void {
    this.#isOpen = false
    this.#cancelPause()
  }

  onSent({ key, problem }: SentFrame): void {
    const [first] = this.#waiting
    if (first === undefined || first.key !== key) return
    const error = problem === undefined ? undefined : readProblem(problem)
    const wait = Number(error?.facts?.retryAfter)
    if (error?.code === 'TAPRI_LIVE_TOO_FAST' && wait >= 0) {
      this.#cancelPause = this.#clock.after(wait * 1000, () => this.open())
      return
    }
    this.#waiting.shift()
    this.#isAsked = false
    if (problem === undefined) first.resolve()
    else first.reject(error ?? clientError('TAPRI_CLIENT_ANSWER', 'Cannot understand why the message was refused'))
    this.#next()
  }

  /** Nothing will be sent any more. */
  end(error: Error): void {
    this.pause()
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  #next(): void {
    const [first] = this.#waiting
    if (!this.#isOpen || this.#isAsked || first === undefined) return
    this.#isAsked = true
    this.#send(first)
  }
}

function full() {
  return clientError('TAPRI_CLIENT_QUEUE', `Cannot send: ${mostWaiting} messages wait for the server already`)
}

function tooLarge() {
  return clientError('TAPRI_CLIENT_INPUT', `Cannot send: the message is larger than ${maxClientFrame - around} bytes`)
}
