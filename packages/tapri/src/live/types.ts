import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Database, Reader, ReadSet, StoredRow, Unindexed } from '../data/index.ts'
import type { Offer, ServerEvent } from '../http/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import type { ChannelOpening } from './channels/server-channel.ts'
import type { ChannelDefinition, ServerChannel } from './channels/types.ts'
import type { Nodes } from './line-relay.ts'

/** What live needs to know of a signed-in caller. */
export interface LiveCaller {
  readonly user: StoredRow
}

/** One run of a GET route for a subscription. */
export interface LiveRun<C extends LiveCaller> {
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  readonly caller: C | null
  /** It ran before for the same subscribers. */
  readonly isAgain: boolean
  /** Learns what the handler reads. */
  readonly reads: ReadSet
  /** Reads in the place of the database: what live queries have read already is kept. */
  readonly reader: ((own: Reader) => Reader) | undefined
  /** Called when the handler looks at who calls, other than by the rules of policies. */
  onCallerSeen(): void
  /** The request of the socket. A handler that looks into it gets an answer that is not shared with other sockets. */
  readonly upgrade: IncomingMessage
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface LiveOptions<C extends LiveCaller> {
  readonly database: Pick<Database, 'exclusive'> & {
    readonly changes: Pick<Database['changes'], 'epoch' | 'hearsOthers' | 'position' | 'subscribe' | 'since'>
  }
  readonly log: Log
  readonly clock: Clock
  run(request: LiveRun<C>): Promise<unknown>
  /** What these rules open to the caller, as one text. */
  opened(rules: ReadSet['rules'], caller: C | null): string | undefined
  /** Answers a request for a path of the API, as if it had come over the network from where the upgrade came from;
   * undefined where that cannot be. */
  readonly call?: ((path: string, init: RequestInit, upgrade: IncomingMessage) => Promise<Response>) | undefined
  /** Who calls: by the token of `hello`, else by what the upgrade carries. `reads` learns what the answer depends on.
   * @throws TAPRI_AUTH_SESSION for a token that is wrong or has ended */
  identify(upgrade: IncomingMessage, token: string | undefined, reads: ReadSet): Promise<C | null>
  /** Whether a page of this origin may open sockets. */
  allowOrigin(request: IncomingMessage): boolean
  /** Whose sockets are counted together; undefined does not count this one. */
  senderOf(request: IncomingMessage): string | undefined
  /** At most so many of one sender: 1,000 unless told. */
  readonly maxSockets?: number | undefined
  /** Whether there is such a GET route. */
  isLive(route: string): boolean
  /** By which frames of a line over server-sent events come to the node that has it, whichever was asked; absent, this one is alone. */
  readonly nodes?: Nodes | undefined
}

/** Live answers over WebSockets. */
export interface Live {
  /** Takes over the socket of an HTTP upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Opens the socket that is asked for, where the server of the runtime itself shakes hands. */
  offered(request: IncomingMessage, offer: Offer): void
  /** Opens a line over server-sent events, for where no WebSocket passes: its first event tells its id.
   * @throws TAPRI_LIVE_STOPPED, TAPRI_LIVE_ORIGIN, TAPRI_LIVE_SOCKETS */
  openLine(request: IncomingMessage, signal: AbortSignal): Promise<AsyncIterable<ServerEvent>>
  /** Takes frames of the client of such a line, one on each line of the text; resolves when the node that has the line has them.
   * @throws TAPRI_LIVE_LINE, TAPRI_LIVE_TOO_MANY, TAPRI_LIVE_BUSY, TAPRI_LIVE_STOPPED, TAPRI_BUS_LOST */
  takeFrames(request: IncomingMessage, said: { readonly line: string; readonly frames: string }): Promise<void>
  /** A channel as the app's own code has it.
   * @throws TAPRI_LIVE_NO_CHANNEL, TAPRI_INVALID, TAPRI_LIVE_CHANNEL */
  channel(
    definition: ChannelDefinition,
    params: Readonly<Record<string, unknown>>,
    opening: ChannelOpening,
  ): ServerChannel<unknown, unknown, unknown>
  /** Resolves once every answer that a commit so far changes is handed to its sockets. */
  settled(): Promise<void>
  /** Reads that are watched beside what is kept in memory. */
  readonly interests: number
  /** Conditions that no index finds, by their forms, the commonest first: each of them is asked about every change of its
   * model. The log is told of a form, once, when 1,000 of it have come together. */
  readonly unindexed: readonly Unindexed[]
  readonly connections: number
  readonly subscriptions: number
  /** Closes every socket; clients connect again. */
  stop(): Promise<void>
}
