import type { Token } from '../kit/protocol.ts'
import type { ChannelOptions, OpenChannel } from './channel-types.ts'
import type { KnownConnection } from './connection.ts'
import { clientError } from './errors.ts'
import { inputKey, withoutAbsent } from './input.ts'
import { LiveAnswers } from './live.ts'
import type { UntypedShow } from './live-loader.ts'
import { FollowedValue } from './live-value.ts'
import { OptimisticWrites } from './optimistic.ts'
import type { Settings } from './options.ts'
import { routeBehind } from './route-behind.ts'
import { ShownAnswer } from './shown-answer.ts'
import type { Sending } from './write.ts'

type Input = Readonly<Record<string, unknown>>

/** What stands behind the live answers of every client. */
const shownOf = new WeakMap<FollowedValue, ShownAnswer>()

/** What of one client is live: answers, channels, and calls whose changes show at once. */
export class LivePart {
  readonly #answers: LiveAnswers
  readonly #values: ReadonlySet<FollowedValue>
  readonly #writes: OptimisticWrites

  /** `values` are those that are open, now and later. */
  constructor(settings: Settings, connection: KnownConnection, values: ReadonlySet<FollowedValue>) {
    this.#answers = new LiveAnswers(settings, connection)
    this.#values = values
    this.#writes = new OptimisticWrites({ clock: settings.clock, connection, line: this.#answers })
  }

  /** The answer ends it. */
  follow(value: FollowedValue): () => void {
    const shown = new ShownAnswer(value)
    shownOf.set(value, shown)
    return this.#answers.subscribe(value.route, withoutAbsent(value.input), (answer) => shown.take(answer), {
      onError: (error) => value.fail(error),
      onAt: (at) => shown.reach(at),
    })
  }

  join(channel: string, params: Input, options: ChannelOptions): OpenChannel<unknown, unknown, unknown, unknown, unknown> {
    return this.#answers.channels.open(channel, params, options)
  }

  write(sending: Sending, apply: (show: UntypedShow) => void): Promise<unknown> {
    return this.#writes.make(sending, (show) =>
      apply((of, ...rest) => {
        const change = rest.at(-1)
        if (typeof change !== 'function') {
          throw clientError('TAPRI_CLIENT_INPUT', 'Cannot show a change: its last argument makes it')
        }
        const shown = this.#named(of, rest[0]).flatMap((value) => shownOf.get(value) ?? [])
        show(shown, (value: unknown): unknown => change(value))
      }),
    )
  }

  renew(): void {
    this.#answers.renew()
  }

  sync(at: Token | undefined): Promise<void> {
    return this.#answers.sync(at)
  }

  /** Rests, when nothing is live any more. */
  release(): void {
    this.#answers.release()
  }

  close(): void {
    this.#writes.close()
    this.#answers.close()
  }

  /** One live answer itself, or those of a route with an input. */
  #named(of: object, input: unknown): readonly FollowedValue[] {
    if (of instanceof FollowedValue) return [of]
    const named = routeBehind(of)
    if (named === undefined) {
      throw clientError('TAPRI_CLIENT_INPUT', 'Cannot show a change: name a live answer, or a route and its input')
    }
    const key = inputKey({ ...Object(input) })
    return [...this.#values].filter((value) => value.route === named.name && inputKey(value.input) === key)
  }
}
