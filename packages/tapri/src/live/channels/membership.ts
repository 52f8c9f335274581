import type { ChannelServerFrame, JoinFrame, SendFrame, SignalSendFrame } from '../../kit/channel-protocol.ts'
import type { Problem } from '../../kit/protocol.ts'
import { encodeWire } from '../../kit/wire.ts'
import { liveError } from '../errors.ts'
import { Outgoing } from '../outgoing.ts'
import { liveProblem } from '../problem.ts'
import type { LiveCaller } from '../types.ts'
import { frameText } from './frames.ts'
import { Hearing, type HearingLine } from './hearing.ts'
import type { Presence } from './presence.ts'
import type { Listener, Room } from './room.ts'
import { Rule } from './rule.ts'
import type { ChannelRun, ChannelSocket, ChannelsOptions, Watch } from './seam.ts'
import type { CompiledChannel, Speaker, Speaking } from './speaking.ts'
import type { MessageStore } from './store.ts'
import type { Admission } from './types.ts'

/** What all memberships of a node share. */
export interface MembershipParts<C extends LiveCaller> {
  readonly options: ChannelsOptions<C>
  readonly watch: Watch<C>
  readonly store: MessageStore
  readonly presence: Presence
  readonly speaking: Speaking<C>
  /** @throws TAPRI_LIVE_CHANNEL when the values of the path are too long */
  roomOf(channel: CompiledChannel, params: Readonly<Record<string, unknown>>): Room
  leaveRoom(room: Room): void
}

/** The socket of a membership, and what it is called there. */
export interface MembershipOwner<C> {
  readonly socket: ChannelSocket<C>
  /** The member that a visitor on this socket is. */
  readonly visitor: string
  /** Whether another membership of this socket is in the room. */
  isIn(room: Room): boolean
  release(id: number): void
}

const longestFacts = 1_024
/** So many messages of one member wait for those before them at most. */
const mostWaiting = 16
/** So much is held back, while nobody knows whether it may be heard. */
const mostHeld = 100

/** Somebody's being in a channel, by one socket. */
export class Membership<C extends LiveCaller> implements Listener, HearingLine {
  readonly id: number
  readonly #parts: MembershipParts<C>
  readonly #owner: MembershipOwner<C>
  readonly #channel: CompiledChannel
  readonly #frame: JoinFrame
  readonly #rule: Rule<C>
  readonly #abort = new AbortController()
  /** Resolves once the client has been let in, and has what it had not heard, or was refused. */
  readonly answered: Promise<void>
  #settle = () => {}
  #room: Room | undefined
  #hearing: Hearing | undefined
  #member = ''
  /** What its frames are told apart by. */
  #topic = 0
  #isIn = false
  #isEnded = false
  #isSlow = false
  #isResuming = false
  /** What may be heard once that is known. */
  #held: Outgoing[] = []
  #waiting = 0
  #lastSaid: Promise<void> = Promise.resolve()

  constructor(parts: MembershipParts<C>, owner: MembershipOwner<C>, channel: CompiledChannel, frame: JoinFrame) {
    this.id = frame.id
    this.#parts = parts
    this.#owner = owner
    this.#channel = channel
    this.#frame = frame
    this.answered = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#rule = new Rule(parts.watch, {
      clock: parts.options.clock,
      ask: (reads) => parts.options.join(this.#run, reads),
      onDoubt: () => this.#resumeLater(),
    })
  }

  start(): void {
    this.#parts.watch.begin(async () => {
      await this.#attempt(() => this.#join())
      this.#settle()
    })
  }

  /** Who calls may have changed. */
  reconsider(): void {
    this.#rule.doubt()
    this.#resumeLater()
  }

  /** There is room to write again. */
  onWritten(): void {
    if (this.#isSlow || this.#held.length > 0 || this.#hearing?.isBehind === true) this.#resumeLater()
  }

  say(frame: SendFrame): void {
    if (this.#waiting >= mostWaiting) {
      this.#answer(frame.key, liveError('TAPRI_LIVE_TOO_FAST', `Cannot send: ${mostWaiting} messages wait for those before them`))
      return
    }
    this.#waiting++
    // one after another: a message is not heard before the one that was sent before it
    this.#lastSaid = this.#lastSaid.then(() => this.#say(frame)).finally(() => this.#waiting--)
    this.#parts.watch.begin(() => this.#lastSaid)
  }

  signal({ signal }: SignalSendFrame): void {
    this.#parts.watch.begin(async () => {
      try {
        await this.#parts.speaking.signal(this.#channel, signal, await this.#speaker())
      } catch (error) {
        this.#answer(undefined, error)
      }
    })
  }

  deliver(number: number, frame: Outgoing): void {
    this.#hearing?.deliver(number, frame)
    // when it may not be heard now, or there is no room, it is read once it may and there is
    if (this.#hearing?.isBehind === true && this.#owner.socket.hasRoom) this.#resumeLater()
  }

  tell(frame: Outgoing): void {
    if (!this.#isIn) return
    if (this.isOpen) this.write(frame)
    else if (this.#isCertain) this.#isSlow = true
    else {
      if (this.#held.length < mostHeld) this.#held.push(frame)
      this.#resumeLater()
    }
  }

  tellMembers(frame: Outgoing): void {
    if (!this.#isIn) return
    if (this.isOpen && !this.#isSlow) this.write(frame)
    else {
      // the whole list later
      this.#isSlow = true
      if (!this.#isCertain) this.#resumeLater()
    }
  }

  get isOpen(): boolean {
    return this.#isCertain && this.#owner.socket.hasRoom
  }

  async confirm(): Promise<boolean> {
    this.#rule.doubt()
    return (await this.#admitted()) !== undefined
  }

  /** Writes a frame of the room's topic. */
  write(frame: Outgoing): void {
    const topic = this.#room?.parts.topic ?? 0
    const isOwn = this.#topic === topic
    this.#put(isOwn ? frame : new Outgoing(frame.text.replace(`"topic":${topic},`, `"topic":${this.#topic},`)))
  }

  get room(): Room | undefined {
    return this.#room
  }

  tellMissed(): void {
    this.#send({ type: 'missed', id: this.id })
  }

  /** Ends it with the reason. */
  end(problem: Problem): void {
    this.#send({ type: 'left', id: this.id, problem })
    this.stop()
  }

  /** Ends it without a word. */
  stop(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#settle()
    this.#abort.abort()
    this.#rule.stop()
    this.#owner.release(this.id)
    this.#held = []
    if (this.#room === undefined) return
    this.#room.remove(this)
    this.#parts.presence.leave(this.#room.parts.key, this.#member, this)
    this.#parts.leaveRoom(this.#room)
  }

  get #run(): ChannelRun<C> {
    const { caller, upgrade } = this.#owner.socket
    return { channel: this.#channel.name, params: this.#frame.params, caller, upgrade, signal: this.#abort.signal }
  }

  /** Whether what the rule and the session said last is true after every commit so far. */
  get #isCertain(): boolean {
    return this.#rule.isCertain && this.#owner.socket.isFresh && !this.#isEnded
  }

  async #join(): Promise<void> {
    const admission = await this.#admitted()
    if (admission === undefined) return
    const room = this.#parts.roomOf(this.#channel, admission.params)
    this.#member = this.#owner.socket.caller?.user.id ?? this.#owner.visitor
    // by another name where the socket is in the room already, or it would hear everything twice over
    this.#topic = this.#owner.isIn(room) ? -this.id : room.parts.topic
    this.#room = room
    room.add(this)
    await room.open()
    // it may have been put out meanwhile
    const present = await this.#admitted()
    if (present === undefined) return
    this.#isIn = true
    const { epoch } = this.#parts.options.database.changes
    const { members } = room
    const told = { topic: this.#topic, epoch, member: this.#member, members: members.list(), count: members.count }
    this.#send({ type: 'joined', id: this.id, ...told })
    this.#show(room, present)
    if (this.#channel.definition.history === undefined) return
    this.#hearing = new Hearing(room, this.#parts.store, this)
    await this.#hearing.start(numberOf(this.#frame.since, epoch))
  }

  /** Tells the others of this member, as the rule describes it now. */
  #show({ parts }: Room, { facts }: Admission): void {
    if (facts === undefined) this.#parts.presence.leave(parts.key, this.#member, this)
    else this.#parts.presence.enter(parts.key, this.#member, this, encodeWire(facts))
  }

  /** What the rule says of the caller of now; undefined when it ended, with a word to its client. */
  async #admitted(): Promise<Admission | undefined> {
    while (!this.#isEnded) {
      await this.#owner.socket.refresh()
      if (this.#isEnded) return undefined
      try {
        const admission = await this.#rule.answer()
        requireShort(admission)
        if (this.#isCertain) return admission
      } catch (error) {
        this.#fail(error)
      }
    }
    return undefined
  }

  #resumeLater(): void {
    if (this.#isResuming) return
    this.#isResuming = true
    this.#parts.watch.begin(() => this.#attempt(() => this.#resume()))
  }

  async #resume(): Promise<void> {
    const admission = await this.#admitted()
    // from here on what puts it in doubt, or comes, asks for another look
    this.#isResuming = false
    const room = this.#room
    if (admission === undefined || room === undefined || !this.#isIn) return
    if (this.#channel.definition.hasPresence) this.#show(room, admission)
    if (this.isOpen) this.#catchUp(room)
    await this.#hearing?.resume()
  }

  /** Tells what was held back, or cannot be told any more. */
  #catchUp(room: Room): void {
    for (const frame of this.#held.splice(0)) this.write(frame)
    if (!this.#isSlow) return
    this.#isSlow = false
    if (this.#channel.definition.hasPresence) this.write(room.wholeList())
    if (this.#channel.definition.history === undefined) this.tellMissed()
  }

  async #say({ key, message }: SendFrame): Promise<void> {
    if (this.#isEnded) return
    try {
      await this.#parts.speaking.say(this.#channel, { key, message }, await this.#speaker())
      this.#send({ type: 'sent', id: this.id, key })
    } catch (error) {
      this.#answer(key, error)
    }
  }

  /** @throws TAPRI_LIVE_NOT_JOINED */
  async #speaker(): Promise<Speaker<C>> {
    if (this.#isIn && (this.#isCertain || (await this.#admitted()) !== undefined) && this.#room !== undefined) {
      return { member: this.#member, room: this.#room, listener: this, run: this.#run }
    }
    throw notJoined(this.id)
  }

  #answer(key: string | undefined, error: unknown): void {
    const problem = liveProblem(error, { channel: this.#channel.name }, this.#parts.options.log)
    this.#send({ type: 'sent', id: this.id, ...(key !== undefined && { key }), problem })
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (!this.#isEnded) this.end(liveProblem(error, { channel: this.#channel.name }, this.#parts.options.log))
  }

  #send(frame: ChannelServerFrame): void {
    this.#put(new Outgoing(frameText(frame)))
  }

  #put(frame: Outgoing): void {
    if (!this.#isEnded) this.#owner.socket.send(frame)
  }
}

export function notJoined(id: number) {
  return liveError('TAPRI_LIVE_NOT_JOINED', `Cannot say anything as ${id}: no channel is joined under that number`)
}

/** @throws TAPRI_LIVE_TOO_LARGE */
function requireShort({ facts }: Admission): void {
  const { length } = encodeWire(facts)
  if (length <= longestFacts) return
  throw liveError(
    'TAPRI_LIVE_TOO_LARGE',
    `Cannot tell of a member in ${length} characters: \`presence\` may give at most ${longestFacts}`,
  )
}

/** The number in a token of this epoch. */
function numberOf(token: string | undefined, epoch: string): number | undefined {
  if (token === undefined || !token.startsWith(`${epoch}.`)) return undefined
  const number = Number(token.slice(epoch.length + 1))
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined
}
