import { type ChannelServerFrame, isChannelServerFrame } from '../kit/channel-protocol.ts'
import type { TapriError } from '../kit/errors.ts'
import { maxClientFrame, type PatchFrame, type ServerFrame, type SubscriptionId, type Token } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import { Backoff } from './backoff.ts'
import { JoinedChannels } from './channels.ts'
import type { KnownConnection } from './connection.ts'
import { clientError } from './errors.ts'
import { Held, type Taken } from './held.ts'
import { errorOf, Line } from './line.ts'
import type { FollowOptions } from './live-line.ts'
import { notify } from './notify.ts'
import type { Settings } from './options.ts'
import { isReached } from './token.ts'
import { WatchedSockets } from './watched-sockets.ts'

/** How long a line that nobody needs stays open: the next page often subscribes at once. */
const grace = 2_000
/** How long to wait before asking again a server that is not yet so far. */
const pause = 1_000

/** The server, or what it needs, is away, or was asked too often: no answer about the route or the caller. */
const isPassing = ({ status, code }: TapriError) => (status > 501 && status < 505) || code === 'TAPRI_HTTP_TOO_MANY'

type Input = Readonly<Record<string, unknown>>

interface Subscription {
  id: SubscriptionId
  readonly route: string
  readonly input: Input
  readonly held: Held
  readonly onChange: (value: unknown) => void
  readonly onError: (error: Error) => void
  readonly onAt: FollowOptions['onAt']
  backoff: Backoff
  /** While the server cannot answer it. */
  cancelWait: () => void
}

interface Asking {
  readonly resolve: () => void
  /** What must have been handled first; what was sent so far when nothing is named. */
  readonly at: Token | undefined
}

/** The live subscriptions of one client, over one line that is open while there are any. */
export class LiveAnswers {
  readonly channels: JoinedChannels
  readonly #settings: Settings
  readonly #sockets: WatchedSockets
  readonly #line: Line
  readonly #subscriptions = new Map<SubscriptionId, Subscription>()
  #lastId = 0
  /** Who waits for the answer to a ping: not sent yet, and sent. */
  #waiting: Asking[] = []
  #asked: Asking[] = []
  #cancelGrace = () => {}

  constructor(settings: Settings, connection: KnownConnection) {
    this.#settings = settings
    const sockets = new WatchedSockets(connection)
    this.#sockets = sockets
    this.#line = new Line(settings, {
      onOpen: () => this.#onOpen(),
      onFrame: (frame) => this.#onFrame(frame),
      onLost: () => this.#onLost(),
      onEnd: (error) => this.#onEnd(error),
      onTry: (socket) => sockets.watch(socket),
      onLeave: (socket) => sockets.leave(socket),
    })
    const line = this.#line
    this.channels = new JoinedChannels(
      {
        get isOpen() {
          return line.isOpen
        },
        send: (frame) => line.send(frame),
        want: () => {
          this.#cancelGrace()
          line.open()
        },
        release: () => this.release(),
      },
      settings.clock,
    )
  }

  /** The answer ends the subscription. */
  subscribe(route: string, input: Input, onChange: (value: unknown) => void, options: FollowOptions = {}): () => void {
    const onError = options.onError ?? ((error: Error) => console.error(error))
    const subscription: Subscription = {
      ...{ id: 0, route, input, held: new Held(), onChange, onError, onAt: options.onAt },
      ...{ backoff: new Backoff(), cancelWait() {} },
    }
    this.#cancelGrace()
    this.#add(subscription)
    // a line that cannot be opened says so before `live` has answered: never call back from inside the call
    if (this.#line.isOpen) this.#ask(subscription)
    else queueMicrotask(() => this.#subscriptions.size > 0 && this.#line.open())
    return () => this.#leave(subscription)
  }

  /** Resolves once every frame has been handled that the server sends for what was committed up to `at`, or so far. */
  async sync(at?: Token): Promise<void> {
    if (this.#isIdle && !this.#line.isOpen) return
    await new Promise<void>((resolve) => {
      this.#waiting.push({ resolve, at })
      this.#ping()
    })
  }

  /** The caller is another now: subscriptions resume under the new session. */
  renew(): void {
    this.channels.renew()
    this.#line.renew()
  }

  /** Lets go of the line, unless somebody needs it. */
  release(): void {
    if (!this.#isIdle) return
    this.#cancelGrace()
    if (this.#line.isOpen) this.#cancelGrace = this.#settings.clock.after(grace, () => this.#isIdle && this.#hangUp())
    else this.#hangUp()
  }

  close(): void {
    this.#subscriptions.clear()
    this.channels.close()
    this.#hangUp()
  }

  #onOpen(): void {
    for (const subscription of [...this.#subscriptions.values()]) {
      // whoever was told that another one is refused may have left it
      if (this.#subscriptions.has(subscription.id)) this.#ask(subscription)
    }
    this.channels.onOpen()
    this.#ping()
  }

  /** Whether nobody needs the line. */
  get #isIdle(): boolean {
    return this.#subscriptions.size === 0 && this.channels.isEmpty
  }

  #onFrame(frame: ServerFrame | ChannelServerFrame): void {
    if (isChannelServerFrame(frame)) this.channels.onFrame(frame)
    else if (frame.type === 'patch') this.#takeChanges(frame)
    else if (frame.type === 'pong') this.#onPong(frame.at)
    else if (frame.type === 'ping') this.#advance(frame.at)
    else if ('id' in frame && frame.id !== undefined) {
      const subscription = this.#subscriptions.get(frame.id)
      // it may have been left while the frame was on its way
      if (subscription !== undefined) this.#takeOwn(subscription, frame)
    }
  }

  #takeOwn(subscription: Subscription, frame: ServerFrame): void {
    const { held } = subscription
    if (frame.type === 'error') {
      const error = errorOf(frame.problem)
      if (isPassing(error)) this.#askLater(subscription, error)
      else this.#end(subscription, error)
    } else if (frame.type === 'piece') held.takePiece(frame)
    else if (frame.type === 'snapshot') this.#settle(subscription, held.takeWhole(frame))
    else if (frame.type === 'current') this.#settle(subscription, held.takeCurrent(frame))
  }

  /** A transaction at once: nobody is called before all answers have taken their part of it. */
  #takeChanges({ changes, at }: PatchFrame): void {
    const settled: [Subscription, Taken][] = []
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.held.topic !== undefined) settled.push([subscription, subscription.held.takeChanges(changes, at)])
    }
    for (const [subscription, taken] of settled) this.#settle(subscription, taken)
  }

  /** Nothing of what is held has changed up to here. */
  #advance(at: Token | undefined): void {
    if (at === undefined) return
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.held.topic === undefined) continue
      subscription.held.at = at
      this.#stand(subscription)
    }
  }

  #onPong(at: Token | undefined): void {
    this.#advance(at)
    const asker = this.#asked.shift()
    if (asker?.at === undefined || at === undefined || isReached(at, asker.at)) asker?.resolve()
    else {
      // the server waits only so long for its own answers, and then tells how far they are
      this.#waiting.push(asker)
      this.#settings.clock.after(pause, () => this.#ping())
    }
  }

  #settle(subscription: Subscription, taken: Taken): void {
    if (taken === 'changed') notify(() => subscription.onChange(subscription.held.value))
    if (taken === 'lost') {
      if (this.#subscriptions.has(subscription.id)) this.#askAgain(subscription)
      return
    }
    subscription.backoff = new Backoff()
    this.#stand(subscription)
  }

  #stand({ held: { at }, onAt }: Subscription): void {
    if (at !== undefined && onAt !== undefined) notify(() => onAt(at))
  }

  #onLost(): void {
    this.#waiting.unshift(...this.#asked.splice(0))
    for (const { held } of this.#subscriptions.values()) held.disconnect()
    this.channels.onLost()
    if (this.#isIdle) this.#hangUp()
  }

  #onEnd(error: TapriError): void {
    for (const subscription of [...this.#subscriptions.values()]) this.#end(subscription, error)
    this.channels.onEnd(error)
    this.#hangUp()
  }

  #add(subscription: Subscription): void {
    subscription.id = ++this.#lastId
    this.#subscriptions.set(subscription.id, subscription)
  }

  #ask(subscription: Subscription): void {
    subscription.cancelWait()
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

  /** The server has ended it for something that passes: what is held stays, and is asked for again. */
  #askLater(subscription: Subscription, { facts }: TapriError): void {
    this.#subscriptions.delete(subscription.id)
    this.#add(subscription)
    subscription.held.disconnect()
    const wait = Math.max(subscription.backoff.next(undefined), 1000 * (Number(facts?.retryAfter) || 0))
    const ask = () => this.#subscriptions.has(subscription.id) && this.#line.isOpen && this.#ask(subscription)
    subscription.cancelWait = this.#settings.clock.after(wait, ask)
  }

  #leave(subscription: Subscription): void {
    subscription.cancelWait()
    if (!this.#subscriptions.delete(subscription.id)) return
    if (this.#line.isOpen) this.#line.send({ type: 'unsubscribe', id: subscription.id })
    this.release()
  }

  #end(subscription: Subscription, error: Error): void {
    this.#subscriptions.delete(subscription.id)
    this.release()
    notify(() => subscription.onError(error))
  }

  #hangUp(): void {
    this.#cancelGrace()
    this.#line.close()
    this.#sockets.rest()
    for (const { resolve } of [...this.#asked.splice(0), ...this.#waiting.splice(0)]) resolve()
  }

  #ping(): void {
    if (!this.#line.isOpen) return
    for (const asker of this.#waiting.splice(0)) {
      this.#asked.push(asker)
      this.#line.send({ type: 'ping', ...(asker.at !== undefined && { at: asker.at }) })
    }
  }
}
