import type { Database, SystemDb } from '../../data/index.ts'
import { model } from '../../data/index.ts'
import { int, text, time } from '../../schema/index.ts'

/** Of the text that a message is kept as. */
export const longestMessage = 65_536
/** Of the name of a channel with the values of its path. */
export const longestKey = 180

/** The framework's own tables for channels: what was said, and who is there. */
export const channelModels = {
  /** A channel in which something was said, and the number of the last of it. */
  tapri_channels: model(
    { key: text({ max: longestKey, unique: true }), name: text({ max: 100 }), last: int(), at: time() },
    { index: [['name', 'at']] },
  ),
  tapri_messages: model(
    {
      channel: text({ max: longestKey }),
      number: int(),
      sender: text({ max: 64 }),
      /** Made by the sender: a message that is sent again is known by it. */
      key: text({ max: 64 }),
      at: time(),
      /** As it travels. */
      body: text({ max: longestMessage }),
    },
    { unique: [['channel', 'number']], index: [['channel', 'key']] },
  ),
  /** One row for each member that a node has in a channel. */
  tapri_members: model(
    { channel: text({ max: longestKey }), node: text({ max: 64 }), member: text({ max: 64 }), facts: text({ max: 4096 }) },
    { unique: [['channel', 'node', 'member']], index: [['node']] },
  ),
  /** The nodes that have members. One that does not renew its lease is gone, and its members with it. */
  tapri_nodes: model({ node: text({ max: 64, unique: true }), expires: time() }),
} as const

export type ChannelDb = SystemDb<typeof channelModels>

/** The tables of channels. */
export function channelDb(system: Database['asSystem']): ChannelDb {
  // openDatabase was given channelModels, so the tables are there; the app's own models have other types in each app
  const tables: unknown = system
  return tables as ChannelDb
}
