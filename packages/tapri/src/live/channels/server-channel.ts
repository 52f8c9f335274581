import type { Database, ReadSet } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { invalid } from '../../kit/errors.ts'
import { newId } from '../../kit/ids.ts'
import { liveError } from '../errors.ts'
import type { Forerunners } from './forerunners.ts'
import { keyOf } from './key.ts'
import { Members, mostListed } from './members.ts'
import { addressOf, type Passing, passedText } from './passing.ts'
import type { Presence } from './presence.ts'
import type { ChannelBus } from './seam.ts'
import { bodyOf, type CompiledChannel, checked, checkedSignal } from './speaking.ts'
import type { MessageStore } from './store.ts'
import type { ServerChannel } from './types.ts'

interface Parts {
  readonly database: Pick<Database, 'transactionAround'>
  readonly bus: Pick<ChannelBus, 'publish'>
  readonly forerunners: Pick<Forerunners, 'newest'>
  readonly clock: Clock
  readonly store: MessageStore
  readonly presence: Presence
}

/** Where in the app's own code a channel is opened. */
export interface ChannelOpening {
  /** A GET looks, and says nothing. */
  readonly isReadOnly: boolean
  /** Learns who was looked for, for a live query. */
  readonly reads?: ReadSet | undefined
}

/** Who says what the app itself says. */
const app = 'app'
const longestName = 64

/**
 * A channel as the app's own code has it, on whatever node; nobody need be there.
 * @throws TAPRI_INVALID, TAPRI_LIVE_CHANNEL for values of the path that are none
 */
export function serverChannel(
  { database, bus, clock, store, presence, forerunners }: Parts,
  channel: CompiledChannel,
  params: Readonly<Record<string, unknown>>,
  { isReadOnly, reads }: ChannelOpening,
): ServerChannel<unknown, unknown, unknown> {
  const { name, definition } = channel
  const place = keyOf(name, channel.readParams(params))

  return {
    async send(message, { from = app, key = newId() } = {}) {
      requireWritable()
      const sender = shortText('from', from)
      const body = bodyOf(checked(channel.checkMessage, message, 'message'))
      const { history } = definition
      if (history !== undefined) {
        await store.append({ name, channel: place, sender, isNamed: true, key: shortText('key', key), body }, history)
        return
      }
      const now = clock.now()
      await pass({ kind: 'message', id: newId(now), at: new Date(now), sender, body })
    },
    async signal(signal, { from = app } = {}) {
      requireWritable()
      await pass({ kind: 'signal', sender: shortText('from', from), signal: checkedSignal(channel, signal) })
    },
    async members() {
      const members = new Members()
      for await (const rows of presence.load(place, reads)) {
        for (const { node, member, facts } of rows) members.set(node, member, facts)
        if (members.count >= mostListed) break
      }
      members.difference()
      return members.list()
    },
    count: () => presence.count(place, reads),
  }

  /** All nodes hear it from the bus, this one too. */
  async function pass(said: Passing): Promise<void> {
    const publish = () => bus.publish(addressOf(place), passedText({ node: '', position: forerunners.newest, said }))
    const around = database.transactionAround()
    if (around === undefined) await publish()
    else around.afterCommit(publish)
  }

  function requireWritable(): void {
    if (!isReadOnly) return
    throw liveError('TAPRI_LIVE_READ_ONLY', `Cannot say anything in "${name}" here: a GET only reads, use another method`)
  }
}

/** @throws TAPRI_INVALID */
function shortText(name: string, text: string): string {
  if (text !== '' && text.length <= longestName) return text
  throw invalid([{ path: [name], message: `must be text of 1 to ${longestName} characters` }], 'options')
}
