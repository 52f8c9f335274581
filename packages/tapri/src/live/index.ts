export { channel } from './channels/channel.ts'
export { channelModels } from './channels/models.ts'
export type { ChannelRun, ChannelsOptions } from './channels/seam.ts'
export type { ChannelOpening } from './channels/server-channel.ts'
export type {
  Admission,
  Channel,
  ChannelDefinition,
  ChannelMessage,
  ChannelOpener,
  ChannelOptions,
  Channels,
  Member,
  SendOptions,
  ServerChannel,
} from './channels/types.ts'
export { liveError } from './errors.ts'
export { openLive } from './live.ts'
export type { Live, LiveCaller, LiveOptions, LiveRun } from './types.ts'
