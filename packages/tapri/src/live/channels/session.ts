import {
  type ChannelClientFrame,
  type JoinFrame,
  type SendFrame,
  type SignalSendFrame,
  visitorPrefix,
} from '../../kit/channel-protocol.ts'
import type { TapriError } from '../../kit/errors.ts'
import { newId } from '../../kit/ids.ts'
import type { Problem } from '../../kit/protocol.ts'
import { liveError } from '../errors.ts'
import { Outgoing } from '../outgoing.ts'
import { liveProblem } from '../problem.ts'
import type { LiveCaller } from '../types.ts'
import { frameText } from './frames.ts'
import { Membership } from './membership.ts'
import type { MembershipOwner, MembershipParts } from './membership-parts.ts'
import type { Room } from './room.ts'
import type { ChannelSession, ChannelSocket } from './seam.ts'
import type { CompiledChannel } from './speaking.ts'
import { notJoined } from './speech.ts'

export interface SessionParts<C extends LiveCaller> extends MembershipParts<C> {
  readonly channels: ReadonlyMap<string, CompiledChannel>
  readonly limits: { readonly [K in Said]: SocketLimit }
}

/** What one socket may not do too often. */
type Said = 'joins' | 'messages' | 'signals'

/** Takes one try of a key; answers how many milliseconds until there is one again, 0 when there was. */
interface SocketLimit {
  take(key: string): number
}

const mostJoins = 50

/** The channels that one socket is in. */
export class Session<C extends LiveCaller> implements ChannelSession, MembershipOwner<C> {
  readonly socket: ChannelSocket<C>
  readonly visitor = visitorPrefix + newId()
  readonly #parts: SessionParts<C>
  readonly #memberships = new Map<number, Membership<C>>()
  readonly #onStop: () => void

  constructor(parts: SessionParts<C>, socket: ChannelSocket<C>, onStop: () => void) {
    this.#parts = parts
    this.socket = socket
    this.#onStop = onStop
  }

  onFrame(frame: ChannelClientFrame): void {
    if (frame.type === 'join') this.#join(frame)
    else if (frame.type === 'leave') this.#memberships.get(frame.id)?.leave()
    else this.#speak(frame)
  }

  onWritten(): void {
    for (const membership of this.#memberships.values()) {
      if (!this.socket.hasRoom) return
      membership.onWritten()
    }
  }

  async answered(): Promise<void> {
    await Promise.all([...this.#memberships.values()].map(({ answered }) => answered))
  }

  reconsider(): void {
    for (const membership of this.#memberships.values()) membership.reconsider()
  }

  end(problem: Problem): void {
    for (const membership of [...this.#memberships.values()]) membership.end(problem)
  }

  stop(): void {
    for (const membership of [...this.#memberships.values()]) membership.stop()
    this.#onStop()
  }

  isIn(room: Room): boolean {
    return [...this.#memberships.values()].some((membership) => membership.room === room)
  }

  release(id: number): void {
    this.#memberships.delete(id)
  }

  #join(frame: JoinFrame): void {
    const { id, channel: name } = frame
    const channel = this.#parts.channels.get(name)
    const refusal = this.#whyNot(id, name, channel)
    if (refusal !== undefined || channel === undefined) {
      // a number in use is another's: `left` would end that one
      const answer = this.#memberships.has(id) ? ({ type: 'sent', id } as const) : ({ type: 'left', id } as const)
      this.#refuse(answer, refusal ?? noChannel(name))
      return
    }
    const membership = new Membership(this.#parts, this, channel, frame)
    this.#memberships.set(id, membership)
    membership.start()
  }

  #whyNot(id: number, name: string, channel: CompiledChannel | undefined): TapriError | undefined {
    if (this.#memberships.has(id)) return liveError('TAPRI_LIVE_FRAME', `Cannot join as ${id}: that number is in use`)
    if (channel === undefined) return noChannel(name)
    if (this.#memberships.size < mostJoins) return this.#tooFast('joins')
    return liveError('TAPRI_LIVE_TOO_MANY', `Cannot join: one socket is in at most ${mostJoins} channels`)
  }

  #speak(frame: SendFrame | SignalSendFrame): void {
    const membership = this.#memberships.get(frame.id)
    const refusal = membership === undefined ? notJoined(frame.id) : this.#tooFast(frame.type === 'send' ? 'messages' : 'signals')
    if (membership === undefined || refusal !== undefined) {
      const answer = { type: 'sent', id: frame.id, ...(frame.type === 'send' && { key: frame.key }) } as const
      this.#refuse(answer, refusal ?? notJoined(frame.id))
    } else if (frame.type === 'send') membership.speech.say(frame)
    else membership.speech.signal(frame)
  }

  #tooFast(kind: Said): TapriError | undefined {
    const wait = this.#parts.limits[kind].take(String(this.socket.number))
    if (wait === 0) return undefined
    return liveError('TAPRI_LIVE_TOO_FAST', `Cannot send so many ${kind}: wait for ${Math.ceil(wait)} milliseconds`, {
      facts: { retryAfter: Math.ceil(wait) / 1000 },
    })
  }

  #refuse(answer: { type: 'sent'; id: number; key?: string } | { type: 'left'; id: number }, error: TapriError): void {
    const problem = liveProblem(error, {}, this.#parts.options.log)
    this.socket.send(new Outgoing(frameText({ ...answer, problem })))
  }
}

function noChannel(name: string) {
  return liveError('TAPRI_LIVE_CHANNEL', `Cannot join "${name}": there is no such channel`)
}
