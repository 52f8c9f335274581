import type { IncomingMessage } from 'node:http'
import type { Commit } from '../data/index.ts'
import { type ClientFrame, closeCodes, type SubscribeFrame } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import { liveError } from './errors.ts'
import { idOfGarbage, readFrame } from './frames.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Hub } from './hub.ts'
import { Identity } from './identity.ts'
import { liveProblem } from './problem.ts'
import type { LiveSocket, SocketListener } from './sockets.ts'
import { Subscription, type SubscriptionOwner } from './subscription.ts'
import type { LiveCaller } from './types.ts'

const maxSubscriptions = 200
/** More unsent bytes than this, and the socket is cut: its client resumes when it can read again. */
const maxUnsent = 1024 ** 2
/** First answers wait while more than this is unsent; they are large and would cut a socket that is well. */
const enoughUnsent = maxUnsent / 4
const maxGarbage = 20

/** One socket of one client. */
export class Connection<C extends LiveCaller> implements SocketListener, SubscriptionOwner<C> {
  readonly number: number
  readonly upgrade: IncomingMessage
  readonly #hub: Hub<C>
  readonly #socket: LiveSocket
  readonly #onClose: (connection: Connection<C>) => void
  readonly #heartbeat: Heartbeat
  readonly #subscriptions = new Map<number, Subscription<C>>()
  #identity: Identity<C> | undefined
  #garbage = 0
  #isClosed = false

  constructor(
    number: number,
    upgrade: IncomingMessage,
    socket: LiveSocket,
    hub: Hub<C>,
    onClose: (connection: Connection<C>) => void,
  ) {
    this.number = number
    this.upgrade = upgrade
    this.#socket = socket
    this.#hub = hub
    this.#onClose = onClose
    this.#heartbeat = new Heartbeat(hub.options.clock, {
      isWelcome: () => this.#identity !== undefined,
      ping: () => this.#beat(),
      giveUp: () => (this.#identity === undefined ? this.close(closeCodes.noHello, 'No hello came') : socket.terminate()),
    })
  }

  get subscriptions(): number {
    return this.#subscriptions.size
  }

  get caller(): C | null {
    return this.#identity?.caller ?? null
  }

  get isFresh(): boolean {
    return this.#identity?.isFresh ?? false
  }

  get hasRoom(): boolean {
    return this.#socket.unsent < enoughUnsent
  }

  async refresh(): Promise<void> {
    try {
      await this.#identity?.refresh()
    } catch (error) {
      const problem = liveProblem(error, {}, this.#hub.options.log)
      for (const subscription of [...this.#subscriptions.values()]) subscription.end(problem)
    }
  }

  onCommit(commit: Commit): void {
    if (this.#identity?.onCommit(commit)) this.#touchAll()
  }

  onText(text: string): void {
    this.#heartbeat.heard()
    let frame: ClientFrame
    try {
      frame = readFrame(text)
    } catch (error) {
      this.#complain(error, idOfGarbage(text))
      return
    }
    if (frame.type === 'hello') this.#welcome(frame.token)
    else if (this.#identity === undefined) this.#complain(liveError('TAPRI_LIVE_FRAME', 'Say hello first'))
    else if (frame.type === 'subscribe') this.#subscribe(frame)
    else if (frame.type === 'unsubscribe') this.#subscriptions.get(frame.id)?.stop()
    else if (frame.type === 'ping') this.#answerPing()
  }

  onWritten(): void {
    if (!this.hasRoom) return
    for (const subscription of this.#subscriptions.values()) subscription.retry()
  }

  onClose(): void {
    this.#isClosed = true
    this.#heartbeat.stop()
    for (const subscription of [...this.#subscriptions.values()]) subscription.stop()
    this.#onClose(this)
  }

  write(text: string): void {
    if (this.#isClosed) return
    if (this.#socket.unsent > maxUnsent) {
      this.#hub.options.log.event('live.socket.slow', { unsent: this.#socket.unsent }, 'warn')
      this.close(closeCodes.slow, 'The answers change faster than they are read')
    } else this.#socket.send(text)
  }

  release(id: number): void {
    this.#subscriptions.delete(id)
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#socket.close(code, reason)
    this.#isClosed = true
    for (const subscription of [...this.#subscriptions.values()]) subscription.stop()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #welcome(token: string | undefined): void {
    if (this.#identity !== undefined) {
      this.#complain(liveError('TAPRI_LIVE_FRAME', 'Say hello only once'))
      return
    }
    const { options } = this.#hub
    const identity = new Identity<C>((reads) => options.identify(this.upgrade, token, reads))
    this.#identity = identity
    this.#hub.begin(async () => {
      try {
        await identity.refresh()
      } catch (error) {
        this.write(encodeWire({ type: 'error', problem: liveProblem(error, {}, options.log) }))
        this.close(closeCodes.refused, 'The token was refused')
      }
    })
  }

  #subscribe(frame: SubscribeFrame): void {
    const { id, route } = frame
    if (this.#subscriptions.has(id)) {
      // without the id, which would end the subscription that has it
      this.#complain(liveError('TAPRI_LIVE_FRAME', `Cannot subscribe as ${id}: that number is in use`))
      return
    }
    if (this.#subscriptions.size >= maxSubscriptions) {
      this.#tell(
        liveError('TAPRI_LIVE_TOO_MANY', `Cannot subscribe: one socket has at most ${maxSubscriptions} subscriptions`),
        id,
      )
      return
    }
    if (!this.#hub.options.isLive(route)) {
      this.#tell(liveError('TAPRI_LIVE_ROUTE', `Cannot subscribe to "${route}": there is no such GET route`), id)
      return
    }
    const subscription = new Subscription(this, this.#hub, frame)
    this.#subscriptions.set(id, subscription)
    this.#hub.begin(async () => {
      await this.refresh()
      subscription.start()
    })
  }

  async #answerPing(): Promise<void> {
    await Promise.all([...this.#subscriptions.values()].map(({ answered }) => answered))
    this.write('{"type":"pong"}')
  }

  #beat(): void {
    this.write('{"type":"ping"}')
    // a session also ends by time alone, which no commit tells
    if (this.caller === null) return
    this.#identity?.expire()
    this.#hub.begin(() => this.refresh())
  }

  #touchAll(): void {
    for (const subscription of this.#subscriptions.values()) subscription.touch()
  }

  #complain(error: unknown, id?: number): void {
    this.#tell(error, id !== undefined && this.#subscriptions.has(id) ? undefined : id)
    if (++this.#garbage >= maxGarbage) this.close(closeCodes.garbage, 'Too many frames made no sense')
  }

  #tell(error: unknown, id?: number): void {
    const problem = liveProblem(error, {}, this.#hub.options.log)
    this.write(encodeWire({ type: 'error', ...(id !== undefined && { id }), problem }))
  }
}
