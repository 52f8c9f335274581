export { TapriError } from '../kit/errors.ts'
export type { ChannelMember, ChannelOptions, HeardMessage, HeardSignal, OpenChannel } from './channel-types.ts'
export { client, closeClient, connection, sync } from './client.ts'
export type { Connection, ConnectionState } from './connection.ts'
export type { ReceivedEvent } from './events.ts'
export type { ClientOptions } from './options.ts'
export { hasCode, type KnownCode, type Refusal } from './refusal.ts'
export type {
  Call,
  CallOptions,
  Client,
  Join,
  Live,
  LiveOptions,
  LiveState,
  LiveValue,
  Outcome,
  ReadCall,
  Received,
  Show,
} from './types.ts'
