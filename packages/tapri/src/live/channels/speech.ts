import type { ChannelServerFrame, SendFrame, SignalSendFrame } from '../../kit/channel-protocol.ts'
import { liveError } from '../errors.ts'
import { liveProblem } from '../problem.ts'
import type { LiveCaller } from '../types.ts'
import type { ChannelsOptions, Watch } from './seam.ts'
import type { CompiledChannel, Speaker, Speaking } from './speaking.ts'

interface SpeechParts<C extends LiveCaller> {
  readonly options: Pick<ChannelsOptions<C>, 'log'>
  readonly watch: Watch<C>
  readonly speaking: Speaking<C>
}

/** Whose words they are. */
interface SpeechOwner<C> {
  readonly id: number
  readonly isEnded: boolean
  /** @throws TAPRI_LIVE_NOT_JOINED */
  speaker(): Promise<Speaker<C>>
  /** Tells the client. */
  answer(frame: ChannelServerFrame): void
}

/** So many messages of one member wait for those before them at most. */
const mostWaiting = 16

/** What one member says: one message after another, each answered. */
export class Speech<C extends LiveCaller> {
  readonly #parts: SpeechParts<C>
  readonly #channel: CompiledChannel
  readonly #owner: SpeechOwner<C>
  #waiting = 0
  #last: Promise<void> = Promise.resolve()

  constructor(parts: SpeechParts<C>, channel: CompiledChannel, owner: SpeechOwner<C>) {
    this.#parts = parts
    this.#channel = channel
    this.#owner = owner
  }

  say(frame: SendFrame): void {
    if (this.#waiting >= mostWaiting) {
      this.#refuse(frame.key, liveError('TAPRI_LIVE_TOO_FAST', `Cannot send: ${mostWaiting} messages wait for those before them`))
      return
    }
    this.#waiting++
    // one after another: a message is not heard before the one that was sent before it
    this.#last = this.#last.then(() => this.#say(frame)).finally(() => this.#waiting--)
    this.#parts.watch.begin(() => this.#last)
  }

  /** Calls when everything that was said so far is answered. */
  whenDone(call: () => void): void {
    if (this.#waiting === 0) call()
    else this.#parts.watch.begin(() => this.#last.then(call))
  }

  signal({ signal }: SignalSendFrame): void {
    this.#parts.watch.begin(async () => {
      try {
        await this.#parts.speaking.signal(this.#channel, signal, await this.#owner.speaker())
      } catch (error) {
        this.#refuse(undefined, error)
      }
    })
  }

  async #say({ key, message }: SendFrame): Promise<void> {
    if (this.#owner.isEnded) return
    try {
      await this.#parts.speaking.say(this.#channel, { key, message }, await this.#owner.speaker())
      this.#owner.answer({ type: 'sent', id: this.#owner.id, key })
    } catch (error) {
      this.#refuse(key, error)
    }
  }

  #refuse(key: string | undefined, error: unknown): void {
    const problem = liveProblem(error, { channel: this.#channel.name }, this.#parts.options.log)
    this.#owner.answer({ type: 'sent', id: this.#owner.id, ...(key !== undefined && { key }), problem })
  }
}

export function notJoined(id: number) {
  return liveError('TAPRI_LIVE_NOT_JOINED', `Cannot say anything as ${id}: no channel is joined under that number`)
}
