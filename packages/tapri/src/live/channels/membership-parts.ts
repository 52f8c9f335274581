import type { LiveCaller } from '../types.ts'
import type { Presence } from './presence.ts'
import type { Room } from './room.ts'
import type { ChannelSocket, ChannelsOptions, Watch } from './seam.ts'
import type { CompiledChannel, Speaking } from './speaking.ts'
import type { MessageStore } from './store.ts'

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
