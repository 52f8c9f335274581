import type { Problem, Token } from './protocol.ts'

/**
 * Channels on the line of `tapri.v1`. The client says `join`; the server answers `joined`, which names the channel's topic,
 * sends the `message` frames that the client has not seen, then every new one, or `left` and nothing more.
 */

/** A join's number on its socket: chosen by the client, not used again on that socket. */
export type JoinId = number
export const maxJoinId = 2 ** 31 - 1

export interface JoinFrame {
  readonly type: 'join'
  readonly id: JoinId
  /** `chat` */
  readonly channel: string
  /** What the path of the channel names. */
  readonly params: Readonly<Record<string, unknown>>
  /** `epoch.number` of the last message that the client has: those after it are sent. Absent: all that are kept. */
  readonly since?: Token
}
export interface LeaveFrame {
  readonly type: 'leave'
  readonly id: JoinId
}
/** A message; answered by `sent` with its key. */
export interface SendFrame {
  readonly type: 'send'
  readonly id: JoinId
  /** Made by the client, the same when it sends the message again: it is kept once. */
  readonly key: string
  readonly message: unknown
}
/** Something of this moment, for whoever is there now. */
export interface SignalSendFrame {
  readonly type: 'signal'
  readonly id: JoinId
  readonly signal: unknown
}
export type ChannelClientFrame = JoinFrame | LeaveFrame | SendFrame | SignalSendFrame

/** Somebody who is there. */
export interface MemberFacts {
  /** The user's id; of a visitor one that stands for its socket. */
  readonly id: string
  readonly facts: unknown
}
export interface JoinedFrame {
  readonly type: 'joined'
  readonly id: JoinId
  /** Whose frames follow. */
  readonly topic: number
  /** Of the database: numbers of another epoch mean nothing in this one. */
  readonly epoch: string
  /** Who sends the messages and signals of this client. */
  readonly member: string
  readonly members: readonly MemberFacts[]
  /** Of all members, those too that are not listed. */
  readonly count: number
}
/** Messages of one topic come in the order of their numbers, each once; a number may be left out behind `missed`. */
export interface MessageFrame {
  readonly type: 'message'
  readonly topic: number
  /** Absent in a channel without history. */
  readonly number?: number
  readonly id: string
  readonly at: Date
  /** The member who sent it. */
  readonly from: string
  readonly body: unknown
}
/** Messages that the client has not seen are kept no more. */
export interface MissedFrame {
  readonly type: 'missed'
  readonly id: JoinId
}
/** What became of a `send`, or why a `signal` (without a key) was not passed on. */
export interface SentFrame {
  readonly type: 'sent'
  readonly id: JoinId
  readonly key?: string
  readonly problem?: Problem
}
export interface SignalFrame {
  readonly type: 'signal'
  readonly topic: number
  readonly from: string
  readonly signal: unknown
}
/** Who is there now that was not, or has other facts, and who is not any more. */
export interface MembersFrame {
  readonly type: 'members'
  readonly topic: number
  readonly joined: readonly MemberFacts[]
  readonly left: readonly string[]
  readonly count: number
  /** `joined` are all that are listed: what was told before does not count. */
  readonly isWhole?: true
}
/** Ends the join: it was refused, or may not last. */
export interface LeftFrame {
  readonly type: 'left'
  readonly id: JoinId
  readonly problem: Problem
}
export type ChannelServerFrame = JoinedFrame | MessageFrame | MissedFrame | SentFrame | SignalFrame | MembersFrame | LeftFrame

/** What the id of a visitor begins with, and that of no user. */
export const visitorPrefix = 'visitor-'

/** Whether a frame of the server is about channels. */
export function isChannelServerFrame<Frame extends { readonly type: string }>(frame: Frame): frame is Frame & ChannelServerFrame {
  return channelServerFrames.has(frame.type)
}

const channelServerFrames: ReadonlySet<unknown> = new Set(['joined', 'message', 'missed', 'sent', 'signal', 'members', 'left'])
