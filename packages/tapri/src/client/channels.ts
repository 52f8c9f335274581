import type { ChannelClientFrame, ChannelServerFrame } from '../kit/channel-protocol.ts'
import type { Clock } from '../kit/clock.ts'
import type { TapriError } from '../kit/errors.ts'
import { type ChannelLine, JoinedChannel } from './channel.ts'
import type { ChannelOptions } from './channel-types.ts'

/** The line that channels share with live answers. */
export interface SharedLine {
  readonly isOpen: boolean
  send(frame: ChannelClientFrame): void
  /** Opens it, unless it is, and keeps it open. */
  want(): void
  /** Closes it when nobody else wants it. */
  release(): void
}

/** The channels that one client is in. */
export class JoinedChannels implements ChannelLine {
  readonly #line: SharedLine
  readonly #clock: Clock
  readonly #channels = new Set<JoinedChannel>()
  #lastId = 0

  constructor(line: SharedLine, clock: Clock) {
    this.#line = line
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#channels.size === 0
  }

  get isOpen(): boolean {
    return this.#line.isOpen
  }

  open(channel: string, params: Readonly<Record<string, unknown>>, options?: ChannelOptions): JoinedChannel {
    const joined = new JoinedChannel(this, this.#clock, { channel, params }, options)
    this.#channels.add(joined)
    // listeners are added first
    queueMicrotask(() => {
      if (!this.#channels.has(joined)) return
      // one that is open may be about to close, as nobody needed it
      this.#line.want()
      // a line that has opened meanwhile has joined it
      if (this.#line.isOpen && joined.id === undefined) joined.join()
    })
    return joined
  }

  newId(): number {
    return ++this.#lastId
  }

  send(frame: ChannelClientFrame): void {
    this.#line.send(frame)
  }

  leave(channel: JoinedChannel): void {
    this.#channels.delete(channel)
    if (this.isEmpty) this.#line.release()
  }

  onOpen(): void {
    for (const channel of [...this.#channels]) channel.join()
  }

  onFrame(frame: ChannelServerFrame): void {
    for (const channel of [...this.#channels]) {
      // it may have been left while the frame was on its way
      const isFor =
        'topic' in frame && frame.type !== 'joined' ? channel.topic === frame.topic : 'id' in frame && channel.id === frame.id
      if (isFor) channel.onFrame(frame)
    }
  }

  onLost(): void {
    for (const channel of this.#channels) channel.onLost()
  }

  /** The caller is another now. */
  renew(): void {
    for (const channel of this.#channels) channel.renew()
  }

  onEnd(error: TapriError): void {
    for (const channel of [...this.#channels]) channel.end(error)
  }

  close(): void {
    for (const channel of [...this.#channels]) channel.leave()
  }
}
