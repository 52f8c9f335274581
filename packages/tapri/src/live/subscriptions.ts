import type { TapriError } from '../kit/errors.ts'
import type { Problem, SubscribeFrame } from '../kit/protocol.ts'
import { liveError } from './errors.ts'
import type { Hub } from './hub.ts'
import { Subscription, type SubscriptionOwner } from './subscription.ts'
import type { LiveCaller } from './types.ts'

const mostSubscriptions = 200

/** What one socket follows. */
export class Subscriptions<C extends LiveCaller> {
  readonly #owner: SubscriptionOwner<C>
  readonly #hub: Hub<C>
  readonly #byId = new Map<number, Subscription<C>>()

  constructor(owner: SubscriptionOwner<C>, hub: Hub<C>) {
    this.#owner = owner
    this.#hub = hub
  }

  get size(): number {
    return this.#byId.size
  }

  /** The last position that all of them have been sent the answers of; infinite when none is behind. */
  get upTo(): number {
    let position = Number.POSITIVE_INFINITY
    for (const subscription of this.#byId.values()) position = Math.min(position, subscription.upTo)
    return position
  }

  has(id: number): boolean {
    return this.#byId.has(id)
  }

  /** Begins one; answers why it may not be. */
  add(frame: SubscribeFrame): TapriError | undefined {
    const { id, route } = frame
    if (this.#byId.size >= mostSubscriptions) {
      return liveError('TAPRI_LIVE_TOO_MANY', `Cannot subscribe: one socket has at most ${mostSubscriptions} subscriptions`)
    }
    if (!this.#hub.options.isLive(route)) {
      return liveError('TAPRI_LIVE_ROUTE', `Cannot subscribe to "${route}": there is no such GET route`)
    }
    const subscription = new Subscription(this.#owner, this.#hub, frame)
    this.#byId.set(id, subscription)
    this.#hub.begin(async () => {
      await this.#owner.refresh()
      subscription.start()
    })
    return undefined
  }

  /** Ends one without a word. */
  stop(id: number): void {
    this.#byId.get(id)?.stop()
  }

  stopAll(): void {
    for (const subscription of [...this.#byId.values()]) subscription.stop()
  }

  /** Ends all with the reason. */
  endAll(problem: Problem): void {
    for (const subscription of [...this.#byId.values()]) subscription.end(problem)
  }

  /** It has ended. */
  forget(id: number): void {
    this.#byId.delete(id)
  }

  /** The first answers to all of them. */
  answered(): readonly Promise<void>[] {
    return [...this.#byId.values()].map((subscription) => subscription.answered())
  }

  /** Those whose clients take the changes of the topic. */
  following(topic: number): readonly Subscription<C>[] {
    return [...this.#byId.values()].filter((subscription) => subscription.topic === topic)
  }

  /** Goes on where room was wanting, or it was not known who calls. */
  retry(): void {
    for (const subscription of this.#byId.values()) {
      if (!this.#owner.hasRoom) return
      subscription.retry()
    }
  }

  /** The caller is another, or may be. */
  onCallerChanged(): void {
    for (const subscription of this.#byId.values()) subscription.onCallerChanged()
  }
}
