import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Database, ReadSet } from '../data/index.ts'
import type { Offer } from '../http/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'

/** What live needs to know of a signed-in caller. */
export interface LiveCaller {
  readonly user: { readonly id: string }
}

/** One run of a GET route for a subscription. */
export interface LiveRun<C extends LiveCaller> {
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  readonly caller: C | null
  /** Learns what the handler reads. */
  readonly reads: ReadSet
  /** The request of the socket. A handler that looks into it gets an answer that is not shared with other sockets. */
  readonly upgrade: IncomingMessage
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface LiveOptions<C extends LiveCaller> {
  readonly database: Pick<Database, 'changes' | 'exclusive'>
  readonly log: Log
  readonly clock: Clock
  run(request: LiveRun<C>): Promise<unknown>
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
}

/** Live answers over WebSockets. */
export interface Live {
  /** Takes over the socket of an HTTP upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Opens the socket that is asked for, where the server of the runtime itself shakes hands. */
  offered(request: IncomingMessage, offer: Offer): void
  /** Resolves once every answer that a commit so far changes is handed to its sockets. */
  settled(): Promise<void>
  readonly connections: number
  readonly subscriptions: number
  /** Closes every socket; clients connect again. */
  stop(): Promise<void>
}
