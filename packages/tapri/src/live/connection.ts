import type { IncomingMessage } from 'node:http'
import type { ChannelClientFrame } from '../kit/channel-protocol.ts'
import { type ClientFrame, closeCodes, type SubscribeFrame, type Token } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import type { ChangeText } from './answer.ts'
import { answerCall } from './calls.ts'
import { isChannelFrame } from './channels/frames.ts'
import type { ChannelSession, ChannelSocket } from './channels/seam.ts'
import { liveError } from './errors.ts'
import { idOfGarbage, readFrame } from './frames.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Hub } from './hub.ts'
import { Identity } from './identity.ts'
import { Outgoing } from './outgoing.ts'
import { maxPings, Pings, type Waiting } from './pings.ts'
import { liveProblem } from './problem.ts'
import type { LiveSocket, SocketListener } from './sockets.ts'
import { Subscription, type SubscriptionOwner } from './subscription.ts'
import type { LiveCaller } from './types.ts'

const maxSubscriptions = 200
/** More unsent bytes than this, and the socket is cut: its client resumes when it can read again. */
const maxUnsent = 1024 ** 2
/** Answers wait while more than this is unsent, and changes are left out: one whole answer follows when there is room. */
const enoughUnsent = maxUnsent / 4
const maxGarbage = 20
const maxCalls = 16
/** Milliseconds that changes wait for those of other topics at the longest. */
const longestHold = 100

/** One socket of one client. */
export class Connection<C extends LiveCaller> implements SocketListener, SubscriptionOwner<C>, ChannelSocket<C> {
  readonly number: number
  readonly upgrade: IncomingMessage
  readonly #hub: Hub<C>
  readonly #socket: LiveSocket
  readonly #onClose: (connection: Connection<C>) => void
  readonly #heartbeat: Heartbeat
  readonly #subscriptions = new Map<number, Subscription<C>>()
  readonly #channels: ChannelSession | undefined
  #identity: Identity<C> | undefined
  #token: string | undefined
  #changes: ChangeText[] = []
  #holds = 0
  #cancelHold: (() => void) | undefined
  /** Who waits until nothing is held back. */
  readonly #waiting: (() => void)[] = []
  readonly #pings = new Pings((ping) => this.#answerPing(ping))
  #calls = 0
  /** Aborts its calls when it is gone. */
  #gone: AbortController | undefined
  #isWarned = false
  #garbage = 0
  #isClosed = false

  constructor(
    number: number,
    upgrade: IncomingMessage,
    socket: LiveSocket,
    hub: Hub<C>,
    onClose: (connection: Connection<C>) => void,
    openChannels?: (socket: ChannelSocket<C>) => ChannelSession,
  ) {
    this.number = number
    this.upgrade = upgrade
    this.#socket = socket
    this.#hub = hub
    this.#onClose = onClose
    this.#channels = openChannels?.(this)
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
      this.#channels?.end(problem)
    }
  }

  onText(text: string): void {
    this.#heartbeat.heard()
    let frame: ClientFrame | ChannelClientFrame
    try {
      frame = readFrame(text)
    } catch (error) {
      this.#complain(error, idOfGarbage(text))
      return
    }
    if (frame.type === 'hello') this.#welcome(frame.token)
    else if (this.#identity === undefined) this.#complain(liveError('TAPRI_LIVE_FRAME', 'Say hello first'))
    else if (isChannelFrame(frame)) this.#channels?.onFrame(frame)
    else this.#take(frame, this.#identity)
  }

  onWritten(): void {
    for (const subscription of this.#subscriptions.values()) {
      if (!this.hasRoom) return
      subscription.retry()
    }
    this.#channels?.onWritten()
  }

  onClose(): void {
    this.#isClosed = true
    this.#gone?.abort()
    this.#heartbeat.stop()
    this.#cancelHold?.()
    this.#identity?.stop()
    this.#pings.stop()
    for (const subscription of [...this.#subscriptions.values()]) subscription.stop()
    this.#channels?.stop()
    this.#onClose(this)
  }

  write(text: string): void {
    this.send(new Outgoing(text))
  }

  deliver(change: ChangeText): void {
    const isAlone = this.#subscriptions.size === 1 && this.#holds <= 1 && this.#changes.length === 0
    // whoever delivers has seen that there is room
    if (!isAlone) this.queue(change)
    else if (!this.#isClosed) this.#socket.send(this.#hub.patchOfOne(change))
  }

  queue(change: ChangeText): void {
    // two subscriptions to one topic are sent what they share once
    if (!this.#changes.includes(change)) this.#changes.push(change)
    if (this.#holds === 0) this.flush()
    else this.#cancelHold ??= this.#hub.options.clock.after(longestHold, () => this.flush())
  }

  hold(): void {
    this.#holds++
  }

  letGo(): void {
    if (--this.#holds > 0) return
    this.flush()
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  release(id: number): void {
    this.#subscriptions.delete(id)
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#socket.close(code, reason)
    this.#isClosed = true
    for (const subscription of [...this.#subscriptions.values()]) subscription.stop()
    this.#channels?.stop()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #take(frame: Exclude<ClientFrame, { type: 'hello' }>, identity: Identity<C>): void {
    if (frame.type === 'subscribe') this.#subscribe(frame)
    else if (frame.type === 'unsubscribe') this.#subscriptions.get(frame.id)?.stop()
    else if (frame.type === 'call') this.#call(frame)
    else if (frame.type === 'ping') this.#takePing(frame.at)
    else if (frame.type === 'auth') this.#renew(frame.token, identity)
  }

  #welcome(token: string | undefined): void {
    if (this.#identity !== undefined) {
      this.#complain(liveError('TAPRI_LIVE_FRAME', 'Say hello only once'))
      return
    }
    const { options } = this.#hub
    this.#token = token
    const identity = new Identity<C>(this.#hub, {
      identify: (reads) => options.identify(this.upgrade, this.#token, reads),
      onStale: () => this.#reconsiderAll(),
    })
    this.#identity = identity
    this.#hub.begin(async () => {
      try {
        await identity.refresh()
        this.write(`{"type":"welcome","at":"${this.#hub.at}"}`)
      } catch (error) {
        this.#refuse(error)
      }
    })
  }

  /** Another token of the same caller; another caller has to connect anew. */
  #renew(token: string, identity: Identity<C>): void {
    this.#token = token
    identity.expire()
    this.#hub.begin(async () => {
      try {
        await identity.refresh()
        this.#reconsiderAll()
      } catch (error) {
        this.#refuse(error)
      }
    })
  }

  #refuse(error: unknown): void {
    const problem = liveProblem(error, {}, this.#hub.options.log)
    this.write(encodeWire({ type: 'error', problem }))
    // a database that does not answer has refused nobody
    if (problem.status >= 500) this.close(closeCodes.restart, 'Who calls cannot be told now')
    else this.close(closeCodes.refused, 'The token was refused')
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

  async #call(frame: ClientFrame & { readonly type: 'call' }): Promise<void> {
    if (this.#calls >= maxCalls) {
      const problem = liveError('TAPRI_LIVE_TOO_MANY', `Cannot call: ${maxCalls} calls of this socket are under way`)
      this.write(
        encodeWire({ type: 'result', id: frame.id, status: 429, problem: liveProblem(problem, {}, this.#hub.options.log) }),
      )
      return
    }
    this.#calls++
    const { options } = this.#hub
    this.#gone ??= new AbortController()
    const result = await answerCall(frame, { options, upgrade: this.upgrade, token: this.#token, signal: this.#gone.signal })
    this.#calls--
    this.write(encodeWire(result))
  }

  #takePing(at: Token | undefined): void {
    if (this.#pings.isFull) {
      this.#complain(
        liveError('TAPRI_LIVE_TOO_MANY', `Cannot answer the ping: ${maxPings} of this socket wait for their answers`),
      )
      return
    }
    this.#pings.add({ at, answered: [...this.#subscriptions.values()].map(({ answered }) => answered) })
  }

  async #answerPing({ at, answered }: Waiting): Promise<void> {
    await Promise.all(answered)
    await this.#channels?.answered()
    if (at !== undefined) {
      await this.#hub.reachToken(at)
      while (this.#holds > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.flush()
    this.write(`{"type":"pong","at":"${this.#at()}"}`)
  }

  #beat(): void {
    this.write(`{"type":"ping","at":"${this.#at()}"}`)
    // a session also ends by time alone, which no commit tells
    if (this.caller !== null) this.#hub.begin(() => this.#checkSession())
  }

  /** Whoever's time is over is told, and has until the next look to bring another token. */
  async #checkSession(): Promise<void> {
    const problem = await this.#identity?.expired()
    if (problem === undefined) this.#isWarned = false
    else if (this.#isWarned) {
      this.#identity?.expire()
      await this.refresh()
    } else {
      this.#isWarned = true
      this.#tell(problem)
    }
  }

  #reconsiderAll(): void {
    for (const subscription of this.#subscriptions.values()) subscription.onCallerChanged()
    this.#channels?.reconsider()
  }

  /** All changes that wait, in one frame: a transaction is seen whole. */
  flush(): void {
    this.#cancelHold?.()
    this.#cancelHold = undefined
    if (this.#changes.length === 0) return
    this.send(this.#hub.patchOf(this.#changes.splice(0), this.#at()))
  }

  /** Up to where everything that this socket follows has been sent, once what waits is. */
  #at(): Token {
    let position = this.#hub.options.database.changes.position()
    for (const subscription of this.#subscriptions.values()) position = Math.min(position, subscription.upTo)
    return this.#hub.tokenOf(position)
  }

  send(frame: Outgoing): void {
    if (this.#isClosed) return
    if (this.#socket.unsent > maxUnsent) {
      this.#hub.options.log.event('live.socket.slow', { unsent: this.#socket.unsent }, 'warn')
      this.close(closeCodes.slow, 'The answers change faster than they are read')
    } else this.#socket.send(frame)
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
