import type { TapriError } from '../kit/errors.ts'
import { maxClientFrame, readProblem, type ServerFrame, type SubscriptionId } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import { clientError } from './errors.ts'
import { Held } from './held.ts'
import { Line } from './line.ts'
import type { Settings } from './options.ts'
import type { LiveOptions } from './types.ts'

/** How long a line that nobody needs stays open: the next page often subscribes at once. */
const grace = 2_000

type Input = Readonly<Record<string, unknown>>

interface Subscription {
  id: SubscriptionId
  readonly route: string
  readonly input: Input
  readonly held: Held
  readonly onChange: (value: unknown) => void
  readonly onError: (error: Error) => void
}

/** The live subscriptions of one client, over one line that is open while there are any. */
export class LiveAnswers {
  readonly #settings: Settings
  readonly #line: Line
  readonly #subscriptions = new Map<SubscriptionId, Subscription>()
  #lastId = 0
  /** Who waits for the answer to a ping: not sent yet, and sent. */
  #waiting: (() => void)[] = []
  #asked: (() => void)[] = []
  #cancelGrace = () => {}

  constructor(settings: Settings) {
    this.#settings = settings
    this.#line = new Line(settings, {
      onOpen: () => this.#onOpen(),
      onFrame: (frame) => this.#onFrame(frame),
      onLost: () => this.#onLost(),
      onEnd: (error) => this.#onEnd(error),
    })
  }

  /** The answer ends the subscription. */
  subscribe(route: string, input: Input, onChange: (value: unknown) => void, options: LiveOptions = {}): () => void {
    const onError = options.onError ?? ((error: Error) => console.error(error))
    const subscription: Subscription = { id: 0, route, input, held: new Held(), onChange, onError }
    this.#cancelGrace()
    this.#add(subscription)
    // a line that cannot be opened says so before `live` has answered: never call back from inside the call
    if (this.#line.isOpen) this.#ask(subscription)
    else queueMicrotask(() => this.#subscriptions.size > 0 && this.#line.open())
    return () => this.#leave(subscription)
  }

  /** Resolves once every frame that the server has sent so far has been handled. */
  async sync(): Promise<void> {
    if (this.#subscriptions.size === 0 && !this.#line.isOpen) return
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      this.#ping()
    })
  }

  /** The caller is another now: subscriptions resume under the new session. */
  renew(): void {
    this.#line.renew()
  }

  close(): void {
    this.#subscriptions.clear()
    this.#hangUp()
  }

  #onOpen(): void {
    for (const subscription of [...this.#subscriptions.values()]) this.#ask(subscription)
    this.#ping()
  }

  #onFrame(frame: ServerFrame): void {
    if (frame.type === 'pong') this.#asked.shift()?.()
    if (!('id' in frame) || frame.id === undefined) return
    const subscription = this.#subscriptions.get(frame.id)
    // it may have been left while the frame was on its way
    if (subscription === undefined) return
    if (frame.type === 'error') {
      this.#end(
        subscription,
        readProblem(frame.problem) ?? clientError('TAPRI_CLIENT_ANSWER', 'Cannot understand why the subscription ended'),
      )
      return
    }
    const outcome = subscription.held.take(frame)
    if (outcome === 'changed') notify(() => subscription.onChange(subscription.held.value))
    else if (outcome === 'lost') this.#askAgain(subscription)
  }

  #onLost(): void {
    this.#waiting.unshift(...this.#asked.splice(0))
    if (this.#subscriptions.size === 0) this.#hangUp()
  }

  #onEnd(error: TapriError): void {
    for (const subscription of [...this.#subscriptions.values()]) this.#end(subscription, error)
    this.#hangUp()
  }

  #add(subscription: Subscription): void {
    subscription.id = ++this.#lastId
    this.#subscriptions.set(subscription.id, subscription)
  }

  #ask(subscription: Subscription): void {
    const { id, route, input, held } = subscription
    const frame = { type: 'subscribe', id, route, input, ...(held.etag !== undefined && { etag: held.etag }) } as const
    // the server would close the socket, and with it all the other subscriptions
    if (new TextEncoder().encode(encodeWire(frame)).byteLength > maxClientFrame) {
      this.#end(
        subscription,
        clientError('TAPRI_CLIENT_INPUT', `Cannot subscribe to "${route}": its input is larger than ${maxClientFrame} bytes`),
      )
      return
    }
    this.#line.send(frame)
  }

  /** Under another number, so that frames on their way to the old one reach nobody. */
  #askAgain(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.id)
    this.#line.send({ type: 'unsubscribe', id: subscription.id })
    this.#add(subscription)
    this.#ask(subscription)
  }

  #leave(subscription: Subscription): void {
    if (!this.#subscriptions.delete(subscription.id)) return
    if (this.#line.isOpen) this.#line.send({ type: 'unsubscribe', id: subscription.id })
    this.#closeSoon()
  }

  #end(subscription: Subscription, error: Error): void {
    this.#subscriptions.delete(subscription.id)
    this.#closeSoon()
    notify(() => subscription.onError(error))
  }

  #closeSoon(): void {
    if (this.#subscriptions.size > 0) return
    this.#cancelGrace()
    if (this.#line.isOpen) this.#cancelGrace = this.#settings.clock.after(grace, () => this.#hangUp())
    else this.#hangUp()
  }

  #hangUp(): void {
    this.#cancelGrace()
    this.#line.close()
    for (const resolve of [...this.#asked.splice(0), ...this.#waiting.splice(0)]) resolve()
  }

  #ping(): void {
    if (!this.#line.isOpen) return
    for (const resolve of this.#waiting.splice(0)) {
      this.#asked.push(resolve)
      this.#line.send({ type: 'ping' })
    }
  }
}

/** What a callback throws is its own: it must not keep the frames after it from being handled. */
function notify(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
