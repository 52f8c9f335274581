import type {
  ChannelClientFrame,
  ChannelServerFrame,
  JoinedFrame,
  JoinFrame,
  LeftFrame,
  MembersFrame,
  MessageFrame,
  SentFrame,
} from '../kit/channel-protocol.ts'
import type { Clock } from '../kit/clock.ts'
import { Backoff } from './backoff.ts'
import type { ChannelMember, ChannelOptions, HeardMessage, HeardSignal, OpenChannel } from './channel-types.ts'
import { left } from './left.ts'
import { errorOf } from './line.ts'
import { Listeners } from './listeners.ts'
import { MessageQueue } from './message-queue.ts'
import { notify } from './notify.ts'
import { Outbox } from './outbox.ts'

/** The line of a channel, as it sees it. */
export interface ChannelLine {
  readonly isOpen: boolean
  /** A number that was not used yet. */
  newId(): number
  send(frame: ChannelClientFrame): void
  /** Nothing more is wanted. */
  leave(channel: JoinedChannel): void
}

interface Place {
  readonly channel: string
  readonly params: Readonly<Record<string, unknown>>
}

/** So many ids are remembered: ten times as many as the server keeps messages, unless told. */
const mostRemembered = 1_000

/** A channel that this client is in, through lost lines: it asks for what it has not heard, and hears nothing twice. */
export class JoinedChannel implements OpenChannel<unknown, unknown, unknown, unknown, unknown> {
  readonly joined: Promise<void>
  readonly #line: ChannelLine
  readonly #clock: Clock
  readonly #place: Place
  readonly #onError: (error: Error) => void
  readonly #outbox: Outbox
  #backoff = new Backoff()
  readonly #messages = new Listeners<HeardMessage<unknown>>()
  readonly #signals = new Listeners<HeardSignal<unknown>>()
  readonly #changes = new Listeners<readonly ChannelMember<unknown>[]>()
  readonly #misses = new Listeners<void>()
  readonly #ends = new Listeners<Error | undefined>()
  #members = new Map<string, ChannelMember<unknown>>()
  #count = 0
  #id: number | undefined
  #topic: number | undefined
  #epoch = ''
  #number: number | undefined
  /** Of the last messages: those of a database that was restored have other numbers. */
  readonly #remembered = new Set<string>()
  /** Those of before it was restored: what it tells anew pushes none of them out. */
  #known: ReadonlySet<string> = new Set()
  #isEnded = false
  #cancelWait = () => {}
  #onJoined = () => {}
  #onRefused: (error: Error) => void = () => {}

  constructor(line: ChannelLine, clock: Clock, place: Place, { onError }: ChannelOptions = {}) {
    this.#line = line
    this.#clock = clock
    this.#place = place
    this.#onError = onError ?? ((error) => console.error(error))
    this.#outbox = new Outbox(clock, (message) => this.#say({ type: 'send', ...message }))
    this.joined = new Promise((resolve, reject) => {
      this.#onJoined = resolve
      this.#onRefused = reject
    })
    // whoever does not wait for it is told by `onError`
    this.joined.catch(() => {})
  }

  get id(): number | undefined {
    return this.#id
  }

  get topic(): number | undefined {
    return this.#topic
  }

  get count(): number {
    return this.#count
  }

  send(message: unknown): Promise<void> {
    if (this.#isEnded) return Promise.reject(left())
    return this.#outbox.add(message)
  }

  signal(signal: unknown): void {
    // of this moment: on a line that is lost it is worth nothing
    if (this.#topic !== undefined) this.#say({ type: 'signal', signal })
  }

  members(): readonly ChannelMember<unknown>[] {
    return [...this.#members.values()]
  }

  onMessage(listener: (message: HeardMessage<unknown>) => void): () => void {
    return this.#messages.add(listener)
  }

  onSignal(listener: (signal: HeardSignal<unknown>) => void): () => void {
    return this.#signals.add(listener)
  }

  onMembers(listener: (members: readonly ChannelMember<unknown>[]) => void): () => void {
    return this.#changes.add(listener)
  }

  onMissed(listener: () => void): () => void {
    return this.#misses.add(listener)
  }

  onEnd(listener: (error: Error | undefined) => void): () => void {
    return this.#ends.add(listener)
  }

  leave(): void {
    if (this.#isEnded) return
    if (this.#id !== undefined && this.#line.isOpen) this.#say({ type: 'leave' })
    this.end()
  }

  [Symbol.dispose](): void {
    this.leave()
  }

  [Symbol.asyncIterator](): AsyncIterator<HeardMessage<unknown>, undefined> {
    return new MessageQueue(this)
  }

  /** Asks to be let in, again too. */
  join(): void {
    this.#cancelWait()
    this.#id = this.#line.newId()
    const since = this.#number === undefined ? {} : { since: `${this.#epoch}.${this.#number}` }
    this.#say({ type: 'join', ...this.#place, ...since })
  }

  /** The caller is another now. */
  renew(): void {
    this.#outbox.renew()
  }

  onLost(): void {
    this.#cancelWait()
    this.#topic = undefined
    this.#outbox.pause()
  }

  onFrame(frame: ChannelServerFrame): void {
    switch (frame.type) {
      case 'joined':
        this.#enter(frame)
        break
      case 'message':
        this.#hear(frame)
        break
      case 'missed':
        this.#misses.tell()
        break
      case 'sent':
        this.#onSent(frame)
        break
      case 'signal':
        this.#signals.tell({ from: frame.from, signal: frame.signal })
        break
      case 'members':
        this.#meet(frame)
        break
      case 'left':
        this.#onLeft(frame)
    }
  }

  /** Without an error it was left. */
  end(error?: Error): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.onLost()
    this.#line.leave(this)
    this.#outbox.end(error ?? left())
    this.#onRefused(error ?? left())
    this.#ends.tell(error)
    if (error !== undefined) notify(() => this.#onError(error))
  }

  #enter({ topic, epoch, member, members, count }: JoinedFrame): void {
    this.#topic = topic
    if (epoch !== this.#epoch) {
      // what was heard may be told anew, with other numbers
      this.#number = undefined
      this.#known = new Set([...this.#known, ...this.#remembered].slice(-mostRemembered))
      this.#remembered.clear()
    }
    this.#epoch = epoch
    this.#meet({ type: 'members', topic, joined: members, left: [], count, isWhole: true })
    this.#backoff = new Backoff()
    this.#onJoined()
    this.#outbox.open(member)
  }

  #hear({ number, id, at, from, body }: MessageFrame): void {
    if (number !== undefined) {
      if (this.#number !== undefined && number <= this.#number) return
      this.#number = number
    }
    if (this.#known.has(id) || this.#remembered.has(id)) return
    this.#remembered.add(id)
    const [first = id] = this.#remembered
    if (this.#remembered.size > mostRemembered) this.#remembered.delete(first)
    this.#messages.tell({ id, at, from, body })
  }

  #meet({ joined, left: gone, count, isWhole }: MembersFrame): void {
    if (isWhole === true) this.#members = new Map()
    for (const id of gone) this.#members.delete(id)
    for (const { id, facts } of joined) this.#members.set(id, { id, facts })
    this.#count = count
    this.#changes.tell(this.members())
  }

  #onSent(frame: SentFrame): void {
    if (frame.key !== undefined) this.#outbox.onSent(frame)
    else if (frame.problem !== undefined) notify(() => this.#onError(errorOf(frame.problem)))
  }

  #onLeft({ problem }: LeftFrame): void {
    this.onLost()
    this.#id = undefined
    const error = errorOf(problem)
    // what is wrong with the server, or was too much at once, passes
    if (error.status < 500 && error.code !== 'TAPRI_LIVE_TOO_FAST') this.end(error)
    else this.#cancelWait = this.#clock.after(this.#backoff.next(undefined), () => this.#line.isOpen && this.join())
  }

  #say(frame: Said): void {
    if (this.#id !== undefined) this.#line.send({ ...frame, id: this.#id })
  }
}

type Said =
  | Omit<JoinFrame, 'id'>
  | { readonly type: 'leave' }
  | { readonly type: 'send'; readonly key: string; readonly message: unknown }
  | { readonly type: 'signal'; readonly signal: unknown }
