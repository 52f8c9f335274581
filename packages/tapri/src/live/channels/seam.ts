import type { IncomingMessage } from 'node:http'
import type { Database, ReadSet } from '../../data/index.ts'
import type { ChannelClientFrame } from '../../kit/channel-protocol.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Problem } from '../../kit/protocol.ts'
import type { Log } from '../../observe/index.ts'
import type { CallerSocket } from '../caller-socket.ts'
import type { AtWork, Hub } from '../hub.ts'
import type { Outgoing } from '../outgoing.ts'
import type { LiveCaller } from '../types.ts'
import type { Admission, ChannelDefinition } from './types.ts'

/** A socket as channels see it; when its caller is gone, `ChannelSession.end` is called. */
export interface ChannelSocket<C> extends CallerSocket<C> {
  send(frame: Outgoing): void
}

/** The channels of one socket. */
export interface ChannelSession {
  onFrame(frame: ChannelClientFrame): void
  /** Resolves once every join so far is answered. */
  answered(): Promise<void>
  /** There is room to write again. */
  onWritten(): void
  /** Somebody else may call by now: nothing is heard until that is known. */
  reconsider(): void
  /** Puts out of every channel, with the reason. */
  end(problem: Problem): void
  /** The socket is closed. */
  stop(): void
}

/** What a channel's rule is asked with. */
export interface ChannelRun<C> {
  readonly channel: string
  readonly params: Readonly<Record<string, unknown>>
  readonly caller: C | null
  /** It was asked before, for the same member. */
  readonly isAgain?: boolean
  readonly upgrade: IncomingMessage
  readonly signal: AbortSignal
}

/** Publishes and subscribes between the nodes, as the room `bus` does. */
export interface ChannelBus {
  publish(topic: string, text: string): Promise<void>
  subscribe(topic: string, hear: (text: string) => void): Promise<() => Promise<void>>
}

/** The bus with its word of what may have been missed. */
interface GapBus extends ChannelBus {
  /** Calls whenever the way to the others was lost and is back; the answer ends it. */
  onGap(listener: () => void): () => void
}

export interface ChannelsOptions<C extends LiveCaller> {
  /** Opened with `channelModels` among its internal models. */
  readonly database: Pick<Database, 'asSystem' | 'systemDb' | 'transactionAround' | 'changes'>
  readonly bus: GapBus
  readonly log: Log
  readonly clock: Clock
  readonly channels: Readonly<Record<string, ChannelDefinition>>
  /** Asks whether the caller may be there; `reads` learns what the answer depends on.
   * @throws what the rule refuses with */
  join(run: ChannelRun<C>, reads: ReadSet): Promise<Admission>
  /** Gives the message that is heard, or false.
   * @throws what it refuses with */
  send(run: ChannelRun<C>, message: unknown): Promise<unknown>
}

/** What tells of the commits that touch what was read. */
export type Watch<C extends LiveCaller> = Pick<Hub<C>, 'begin'> & {
  readonly interests: Pick<Hub<C>['interests'], 'add' | 'touched'>
  readonly atWork: Set<AtWork>
}
