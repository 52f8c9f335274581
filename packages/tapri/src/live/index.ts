export { channel } from './channels/channel.ts'
export { channelModels } from './channels/models.ts'
export type { ChannelRun, ChannelsOptions } from './channels/seam.ts'
export type {
  Admission,
  Channel,
  ChannelDefinition,
  ChannelMessage,
  ChannelOptions,
  Channels,
  Member,
} from './channels/types.ts'
export { liveError } from './errors.ts'
export { openLive } from './live.ts'
export type { Live, LiveCaller, LiveOptions, LiveRun } from './types.ts'
