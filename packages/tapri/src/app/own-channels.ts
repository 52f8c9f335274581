import type { ChannelDefinition, ChannelOpener, ChannelOpening, Live } from '../live/index.ts'
import { appError } from './errors.ts'

/** The channels of one app, as its own code opens them once it is up. */
export class OwnChannels {
  #live: Pick<Live, 'channel'> | undefined

  /** From now on they can be opened. */
  begin(live: Pick<Live, 'channel'>): void {
    this.#live = live
  }

  /** What a handler, a service or a script is given.
   * @throws TAPRI_APP_MISSING while the app is starting */
  openerFor(opening: ChannelOpening): ChannelOpener {
    return typed(({ definition }: { definition: ChannelDefinition }, params = {}) => {
      if (this.#live !== undefined) return this.#live.channel(definition, params, opening)
      throw appError('TAPRI_APP_MISSING', 'Cannot open a channel yet: the app is starting, do it in `onStart` or later')
    })
  }
}

type Untyped = (channel: { definition: ChannelDefinition }, params?: Readonly<Record<string, unknown>>) => object

// What the channel declares is what its messages are checked against; its types follow from that.
function typed(open: Untyped): ChannelOpener {
  return open as ChannelOpener
}
