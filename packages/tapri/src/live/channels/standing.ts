import { encodeWire } from '../../kit/wire.ts'
import { liveError } from '../errors.ts'
import type { LiveCaller } from '../types.ts'
import { Rule } from './rule.ts'
import type { ChannelRun, ChannelSocket, ChannelsOptions, Watch } from './seam.ts'
import type { Admission } from './types.ts'

interface StandingParts<C extends LiveCaller> {
  readonly options: Pick<ChannelsOptions<C>, 'clock' | 'join'>
  readonly watch: Watch<C>
}

/** Whose standing it is. */
interface StandingOwner<C> {
  readonly socket: Pick<ChannelSocket<C>, 'isFresh' | 'refresh'>
  readonly isEnded: boolean
  readonly run: ChannelRun<C>
  /** Called when what was answered may not be true any more. */
  resumeLater(): void
  /** Ends it: it was refused. */
  fail(error: unknown): void
}

const longestFacts = 1_024

/** Whether somebody may be in a channel, and as what: by its rule and by who calls, after every commit so far. */
export class Standing<C extends LiveCaller> {
  readonly #owner: StandingOwner<C>
  readonly #rule: Rule<C>
  #asked = 0

  constructor({ options, watch }: StandingParts<C>, owner: StandingOwner<C>) {
    this.#owner = owner
    this.#rule = new Rule(watch, {
      clock: options.clock,
      ask: (reads) => options.join({ ...owner.run, isAgain: this.#asked++ > 0 }, reads),
      onDoubt: () => owner.resumeLater(),
    })
  }

  get isCertain(): boolean {
    return this.#rule.isCertain && this.#owner.socket.isFresh && !this.#owner.isEnded
  }

  doubt(): void {
    this.#rule.doubt()
  }

  /** What the rule says of the caller of now; undefined when it ended, with a word to its client. */
  async admitted(): Promise<Admission | undefined> {
    while (!this.#owner.isEnded) {
      await this.#owner.socket.refresh()
      if (this.#owner.isEnded) return undefined
      try {
        const admission = await this.#rule.answer()
        requireShort(admission)
        if (this.isCertain) return admission
      } catch (error) {
        this.#owner.fail(error)
      }
    }
    return undefined
  }

  stop(): void {
    this.#rule.stop()
  }
}

/** @throws TAPRI_LIVE_TOO_LARGE */
function requireShort({ facts }: Admission): void {
  const { length } = encodeWire(facts)
  if (length <= longestFacts) return
  throw liveError(
    'TAPRI_LIVE_TOO_LARGE',
    `Cannot tell of a member in ${length} characters: \`presence\` may give at most ${longestFacts}`,
  )
}
