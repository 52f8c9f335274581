import type { ChannelServerFrame, JoinFrame } from '../../kit/channel-protocol.ts'
import type { Problem } from '../../kit/protocol.ts'
import { encodeWire } from '../../kit/wire.ts'
import { Outgoing } from '../outgoing.ts'
import { liveProblem } from '../problem.ts'
import type { LiveCaller } from '../types.ts'
import { frameText } from './frames.ts'
import { numberOf } from './hearing.ts'
import type { MembershipOwner, MembershipParts } from './membership-parts.ts'
import { Reception } from './reception.ts'
import type { Room } from './room.ts'
import type { ChannelRun, ChannelSocket } from './seam.ts'
import type { CompiledChannel, Speaker } from './speaking.ts'
import { notJoined, Speech } from './speech.ts'
import { Standing } from './standing.ts'
import type { Admission } from './types.ts'

/** Somebody's being in a channel, by one socket: from the join that is asked for until they leave, or may not stay. */
export class Membership<C extends LiveCaller> {
  readonly id: number
  readonly #parts: MembershipParts<C>
  readonly #owner: MembershipOwner<C>
  readonly #channel: CompiledChannel
  readonly #frame: JoinFrame
  readonly #standing: Standing<C>
  readonly speech: Speech<C>
  readonly #abort = new AbortController()
  readonly #answered = Promise.withResolvers<void>()
  #reception: Reception | undefined
  #member = ''
  #isResuming = false

  constructor(parts: MembershipParts<C>, owner: MembershipOwner<C>, channel: CompiledChannel, frame: JoinFrame) {
    this.id = frame.id
    this.#parts = parts
    this.#owner = owner
    this.#channel = channel
    this.#frame = frame
    this.#standing = new Standing(parts, this)
    this.speech = new Speech(parts, channel, this)
  }

  /** Resolves once the client has been let in, and has what it had not heard, or was refused. */
  get answered(): Promise<void> {
    return this.#answered.promise
  }

  get socket(): ChannelSocket<C> {
    return this.#owner.socket
  }

  get run(): ChannelRun<C> {
    const { caller, upgrade } = this.#owner.socket
    return { channel: this.#channel.name, params: this.#frame.params, caller, upgrade, signal: this.#abort.signal }
  }

  get room(): Room | undefined {
    return this.#reception?.room
  }

  get isEnded(): boolean {
    return this.#abort.signal.aborted
  }

  get isCertain(): boolean {
    return this.#standing.isCertain
  }

  get hasRoom(): boolean {
    return this.#owner.socket.hasRoom
  }

  start(): void {
    this.#parts.watch.begin(async () => {
      await this.#attempt(() => this.#join())
      this.#answered.resolve()
    })
  }

  /** Who calls may have changed. */
  reconsider(): void {
    this.#standing.doubt()
    this.resumeLater()
  }

  /** There is room to write again. */
  onWritten(): void {
    if (this.#reception?.isBehind === true) this.resumeLater()
  }

  async speaker(): Promise<Speaker<C>> {
    const reception = this.#reception
    if (reception?.isBegun === true && (this.isCertain || (await this.#standing.admitted()) !== undefined)) {
      return { member: this.#member, room: reception.room, listener: reception, run: this.run }
    }
    throw notJoined(this.id)
  }

  async confirm(): Promise<boolean> {
    this.#standing.doubt()
    return (await this.#standing.admitted()) !== undefined
  }

  resumeLater(): void {
    if (this.#isResuming) return
    this.#isResuming = true
    this.#parts.watch.begin(() => this.#attempt(() => this.#resume()))
  }

  answer(frame: ChannelServerFrame): void {
    this.put(new Outgoing(frameText(frame)))
  }

  tellMissed(): void {
    this.answer({ type: 'missed', id: this.id })
  }

  put(frame: Outgoing): void {
    if (!this.isEnded) this.#owner.socket.send(frame)
  }

  fail(error: unknown): void {
    if (!this.isEnded) this.end(liveProblem(error, { channel: this.#channel.name }, this.#parts.options.log))
  }

  /** Ends it with the reason. */
  end(problem: Problem): void {
    this.answer({ type: 'left', id: this.id, problem })
    this.stop()
  }

  /** Ends it without a word, once what was said before is answered. */
  leave(): void {
    this.speech.whenDone(() => this.stop())
  }

  /** Ends it without a word. */
  stop(): void {
    if (this.isEnded) return
    this.#abort.abort()
    this.#answered.resolve()
    this.#standing.stop()
    this.#owner.release(this.id)
    if (this.#reception === undefined) return
    this.#reception.stop()
    const { room } = this.#reception
    this.#parts.presence.leave(room.parts.key, this.#member, this)
    this.#parts.leaveRoom(room)
  }

  async #join(): Promise<void> {
    const admission = await this.#standing.admitted()
    if (admission === undefined || this.isEnded) return
    const room = this.#parts.roomOf(this.#channel, admission.params)
    this.#member = this.#owner.socket.caller?.user.id ?? this.#owner.visitor
    // by another name where the socket is in the room already, or it would hear everything twice over
    const topic = this.#owner.isIn(room) ? -this.id : room.parts.topic
    const reception = new Reception(room, topic, this)
    this.#reception = reception
    room.add(reception)
    await room.open()
    // it may have been put out meanwhile
    const present = await this.#standing.admitted()
    if (present === undefined || this.isEnded) return
    reception.begin()
    const { epoch } = this.#parts.options.database.changes
    const { members } = room
    const told = { topic, epoch, member: this.#member, members: members.list(), count: members.count }
    this.answer({ type: 'joined', id: this.id, ...told })
    this.#show(room, present)
    if (this.#channel.definition.history === undefined) return
    await reception.hear(this.#parts.store, numberOf(this.#frame.since, epoch))
  }

  /** Tells the others of this member, as the rule describes it now. */
  #show({ parts }: Room, { facts }: Admission): void {
    if (facts === undefined) this.#parts.presence.leave(parts.key, this.#member, this)
    else this.#parts.presence.enter(parts.key, this.#member, this, encodeWire(facts))
  }

  async #resume(): Promise<void> {
    const admission = await this.#standing.admitted()
    // from here on what puts it in doubt, or comes, asks for another look
    this.#isResuming = false
    const reception = this.#reception
    if (admission === undefined || this.isEnded || reception?.isBegun !== true) return
    // what put it in doubt just now has found it at work
    if (!this.isCertain) return this.resumeLater()
    if (this.#channel.definition.hasPresence) this.#show(reception.room, admission)
    await reception.catchUp()
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.fail(error)
    }
  }
}
