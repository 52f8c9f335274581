import type { IncomingMessage } from 'node:http'

/** A socket, as those see it who answer its caller. */
export interface CallerSocket<C> {
  readonly number: number
  readonly upgrade: IncomingMessage
  readonly caller: C | null
  /** Whether `caller` is who calls after every commit so far. */
  readonly isFresh: boolean
  /** Whether the other side reads as fast as it is written to. */
  readonly hasRoom: boolean
  /** Makes it fresh; when that caller is gone, ends every subscription of this socket and its stay in every channel. */
  refresh(): Promise<void>
}
