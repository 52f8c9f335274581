import type { Problem, SubscribeFrame } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import type { Answer } from './answer.ts'
import type { Hub, Source, Subscriber } from './hub.ts'
import type { LiveQuery } from './query.ts'
import type { LiveCaller } from './types.ts'

/** What a subscription writes to and is remembered by. */
export interface SubscriptionOwner<C extends LiveCaller> extends Source<C> {
  write(text: string): void
  release(id: number): void
}

/** One subscription of one socket: it numbers the frames that its query encodes once for all. */
export class Subscription<C extends LiveCaller> implements Subscriber<C> {
  readonly source: SubscriptionOwner<C>
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  /** Resolves once the first answer is sent, or none will be. */
  readonly answered: Promise<void>
  isWaiting = true
  readonly #id: number
  readonly #hub: Hub<C>
  #etag: string | undefined
  #query: LiveQuery<C> | undefined
  #isEnded = false
  #settle = () => {}

  constructor(source: SubscriptionOwner<C>, hub: Hub<C>, frame: SubscribeFrame) {
    this.source = source
    this.#hub = hub
    this.#id = frame.id
    this.route = frame.route
    this.input = frame.input
    this.#etag = frame.etag
    this.answered = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** Joins the query of the caller that the socket has by now. */
  start(): void {
    if (!this.#isEnded) this.#query = this.#hub.join(this)
  }

  greet(answer: Answer): void {
    this.isWaiting = false
    const holdsIt = this.#etag === answer.etag
    this.send(holdsIt ? 'current' : 'snapshot', holdsIt ? answer.current : answer.snapshot)
    this.#etag = undefined
    this.#settle()
  }

  /** Tries the first answer again once there is room for it. */
  retry(): void {
    if (this.isWaiting) this.#query?.greet(this)
  }

  send(type: 'patch' | 'snapshot' | 'current', fields: string): void {
    this.source.write(`{"type":"${type}","id":${this.#id},${fields}}`)
  }

  touch(): void {
    this.#query?.touch()
  }

  move(): void {
    this.#query?.remove(this)
    this.isWaiting = true
    this.start()
  }

  /** Ends it with the reason. */
  end(problem: Problem): void {
    if (this.#isEnded) return
    this.stop()
    this.source.write(encodeWire({ type: 'error', id: this.#id, problem }))
  }

  /** Ends it without a word. */
  stop(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.source.release(this.#id)
    this.#query?.remove(this)
    this.#settle()
  }
}
