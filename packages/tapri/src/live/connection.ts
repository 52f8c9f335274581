import type { IncomingMessage } from 'node:http'
import type { ChannelClientFrame } from '../kit/channel-protocol.ts'
import { type CallFrame, type ClientFrame, closeCodes, type Problem, type SubscribeFrame, type Token } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import type { ChangeText } from './answer.ts'
import { Calls } from './calls.ts'
import { isChannelFrame } from './channels/frames.ts'
import type { ChannelSession, ChannelSocket } from './channels/seam.ts'
import { liveError } from './errors.ts'
import { idOfGarbage, readFrame } from './frames.ts'
import { Heartbeat, type HeartbeatOwner } from './heartbeat.ts'
import type { Hub } from './hub.ts'
import { Outgoing } from './outgoing.ts'
import { PendingChanges } from './pending-changes.ts'
import { maxPings, Pings, type Waiting } from './pings.ts'
import { liveProblem } from './problem.ts'
import { SocketCaller } from './socket-caller.ts'
import type { LiveSocket, SocketListener } from './sockets.ts'
import type { Subscription, SubscriptionOwner } from './subscription.ts'
import { Subscriptions } from './subscriptions.ts'
import type { LiveCaller } from './types.ts'

/** More unsent bytes than this, and the socket is cut: its client resumes when it can read again. */
const maxUnsent = 1024 ** 2
/** Answers wait while more than this is unsent, and changes are left out: one whole answer follows when there is room. */
const enoughUnsent = maxUnsent / 4
const maxGarbage = 20

/** One socket of one client. */
export class Connection<C extends LiveCaller> implements SocketListener, SubscriptionOwner<C>, ChannelSocket<C>, HeartbeatOwner {
  readonly number: number
  readonly upgrade: IncomingMessage
  readonly #hub: Hub<C>
  readonly #socket: LiveSocket
  readonly #onClose: (connection: Connection<C>) => void
  readonly #heartbeat: Heartbeat
  readonly #caller: SocketCaller<C>
  readonly #subscriptions: Subscriptions<C>
  readonly #channels: ChannelSession | undefined
  readonly #pending: PendingChanges
  /** Most sockets never ask for either. */
  #pings: Pings | undefined
  #calls: Calls<C> | undefined
  /** How many of its subscriptions wait for an answer. */
  #waiting = 0
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
    this.#caller = new SocketCaller(hub, this)
    this.#subscriptions = new Subscriptions(this, hub)
    this.#pending = new PendingChanges(hub.held, this)
    this.#channels = openChannels?.(this)
    this.#heartbeat = new Heartbeat(hub.options.clock, this)
  }

  get subscriptions(): number {
    return this.#subscriptions.size
  }

  get isWelcome(): boolean {
    return this.#caller.hasSaidHello
  }

  get caller(): C | null {
    return this.#caller.caller
  }

  get isFresh(): boolean {
    return this.#caller.isFresh
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get hasRoom(): boolean {
    return this.#socket.unsent < enoughUnsent
  }

  refresh(): Promise<void> {
    return this.#caller.refresh()
  }

  endAll(problem: Problem): void {
    this.#subscriptions.endAll(problem)
    this.#channels?.end(problem)
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
    else if (!this.isWelcome) this.#complain(liveError('TAPRI_LIVE_FRAME', 'Say hello first'))
    else if (isChannelFrame(frame)) this.#channels?.onFrame(frame)
    else this.#take(frame)
  }

  /** Somebody else may call by now. */
  onStale(): void {
    this.#subscriptions.onCallerChanged()
    this.#channels?.reconsider()
  }

  onFresh(): void {
    this.#subscriptions.retry()
  }

  onWritten(): void {
    this.#subscriptions.retry()
    this.#channels?.onWritten()
  }

  onClose(): void {
    this.#isClosed = true
    this.#calls?.stop()
    this.#heartbeat.stop()
    this.#pending.stop()
    this.#caller.stop()
    this.#pings?.stop()
    this.#subscriptions.stopAll()
    this.#channels?.stop()
    this.#onClose(this)
  }

  write(text: string): void {
    this.send(new Outgoing(text))
  }

  deliver(change: ChangeText): void {
    const isAlone = this.#subscriptions.size === 1 && this.#pending.isNone
    // whoever delivers has seen that there is room
    if (!isAlone) this.#pending.add(change)
    else if (!this.#isClosed) this.#socket.send(this.#hub.patchOfOne(change))
  }

  /** All that waited goes in one frame: a transaction is seen whole. */
  sendChanges(changes: readonly ChangeText[]): void {
    this.send(this.#hub.patchOf(changes, this.#at()))
  }

  queue(steps: readonly ChangeText[]): void {
    this.#pending.addAll(steps)
  }

  following(topic: number): readonly Subscription<C>[] {
    return this.#subscriptions.following(topic)
  }

  flush(): void {
    this.#pending.flush()
  }

  hold(): void {
    this.#pending.hold()
  }

  letGo(): void {
    this.#pending.letGo()
  }

  release(id: number): void {
    this.#subscriptions.forget(id)
  }

  onWaiting(difference: 1 | -1): void {
    this.#waiting += difference
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#socket.close(code, reason)
    this.#isClosed = true
    this.#subscriptions.stopAll()
    this.#channels?.stop()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  ping(): void {
    this.write(`{"type":"ping","at":"${this.#at()}"}`)
    // a session also ends by time alone, which no commit tells
    this.#caller.check()
  }

  giveUp(): void {
    if (this.isWelcome) this.#socket.terminate()
    else this.close(closeCodes.noHello, 'No hello came')
  }

  #take(frame: Exclude<ClientFrame, { type: 'hello' }>): void {
    if (frame.type === 'subscribe') this.#subscribe(frame)
    else if (frame.type === 'unsubscribe') this.#subscriptions.stop(frame.id)
    else if (frame.type === 'call') this.#call(frame)
    else if (frame.type === 'ping') this.#takePing(frame.at)
    else if (frame.type === 'auth') this.#caller.renew(frame.token)
  }

  #welcome(token: string | undefined): void {
    if (this.isWelcome) this.#complain(liveError('TAPRI_LIVE_FRAME', 'Say hello only once'))
    else this.#caller.hello(token)
  }

  #subscribe(frame: SubscribeFrame): void {
    const { id } = frame
    if (this.#subscriptions.has(id)) {
      // without the id, which would end the subscription that has it
      this.#complain(liveError('TAPRI_LIVE_FRAME', `Cannot subscribe as ${id}: that number is in use`))
      return
    }
    const error = this.#subscriptions.add(frame)
    if (error !== undefined) this.#tell(error, id)
  }

  async #call(frame: CallFrame): Promise<void> {
    this.#calls ??= new Calls(this.#hub.options, this.upgrade)
    this.write(encodeWire(await this.#calls.answer(frame, this.#caller.token)))
  }

  #takePing(at: Token | undefined): void {
    this.#pings ??= new Pings((ping) => this.#answerPing(ping))
    if (this.#pings.isFull) {
      this.#complain(
        liveError('TAPRI_LIVE_TOO_MANY', `Cannot answer the ping: ${maxPings} of this socket wait for their answers`),
      )
      return
    }
    this.#pings.add({ at, answered: this.#subscriptions.answered() })
  }

  async #answerPing({ at, answered }: Waiting): Promise<void> {
    await Promise.all(answered)
    await this.#channels?.answered()
    if (at !== undefined) {
      await this.#hub.reachToken(at)
      await this.#pending.released()
    }
    this.flush()
    this.write(`{"type":"pong","at":"${this.#at()}"}`)
  }

  /** Up to where everything that this socket follows has been sent, once what waits is. */
  #at(): Token {
    // nobody else is behind: what is sent is true at the last commit
    if (this.#waiting === 0 && !this.#pending.isHeld) return this.#hub.at
    return this.#hub.tokenOf(Math.min(this.#hub.options.database.changes.position(), this.#subscriptions.upTo))
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
