import type { Problem, SubscribeFrame } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import type { Answer, ChangeText } from './answer.ts'
import type { Hub, Source, Subscriber } from './hub.ts'
import { liveProblem } from './problem.ts'
import type { LiveQuery } from './query.ts'
import { Sending } from './sending.ts'
import type { LiveCaller } from './types.ts'

/** What a subscription writes to and is remembered by. */
export interface SubscriptionOwner<C extends LiveCaller> extends Source<C> {
  write(text: string): void
  /** The same for one that brings its subscription up to date: at once where nothing else is to come. */
  deliver(change: ChangeText): void
  /** Sends the changes, which follow one another, with all others that wait. */
  queue(steps: readonly ChangeText[]): void
  /** Sends what waits. */
  flush(): void
  release(id: number): void
  /** Those of its subscriptions whose clients take the changes of the topic. */
  following(topic: number): readonly Subscription<C>[]
  /** So many of its subscriptions more, or fewer, wait for an answer. */
  onWaiting(difference: 1 | -1): void
}

/** One subscription of one socket: it knows what its client holds, and how it comes to the answer of its query. */
export class Subscription<C extends LiveCaller> implements Subscriber<C> {
  readonly source: SubscriptionOwner<C>
  route: string
  input: Readonly<Record<string, unknown>>
  isWaiting = true
  readonly #id: number
  readonly #hub: Hub<C>
  /** Whose changes the client takes, as it was told with its value. */
  topic: number | undefined
  /** Of the value that the client holds. */
  #etag: string | undefined
  #query: LiveQuery<C> | undefined
  #sending: Sending | undefined
  /** While it waits: where the client's value is still true. */
  #heldTo = Number.POSITIVE_INFINITY
  #isEnded = false
  #isAnswered = false
  /** Those who wait for the first answer. */
  #onAnswered: (() => void)[] | undefined

  constructor(source: SubscriptionOwner<C>, hub: Hub<C>, frame: SubscribeFrame) {
    this.source = source
    this.#hub = hub
    this.#id = frame.id
    this.route = frame.route
    this.input = frame.input
    this.#etag = frame.etag
    source.onWaiting(1)
  }

  /** Resolves once the first answer is sent, or none will be. */
  answered(): Promise<void> {
    if (this.#isAnswered) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onAnswered ??= []
      this.#onAnswered.push(resolve)
    })
  }

  /** Joins the query of the caller that the socket has by now. */
  start(): void {
    if (this.#isEnded) return
    try {
      const query = this.#hub.join(this)
      // being greeted there may have closed the socket
      if (this.#isEnded) {
        query.remove(this)
        return
      }
      this.#query = query
      // one of each for all who ask the same
      this.route = query.route
      this.input = query.input
      // a long value may have been sent meanwhile: what has to follow it comes from the query
      this.retry()
    } catch (error) {
      this.#fail(error)
    }
  }

  greet(answer: Answer): void {
    // `retry` says whether that goes on
    if (this.#sending !== undefined) return
    const steps = this.#etag === undefined ? undefined : answer.since(this.#etag)
    if (steps === undefined) {
      this.#sending = new Sending(answer)
      this.#sendOn()
    } else if (this.topic === answer.topic) this.#catchUp(answer, steps)
    else {
      // changes of the topic before come first: later they would be taken for nothing
      this.source.flush()
      this.#tellCurrent(answer, steps)
    }
  }

  /** Goes on where room was wanting, or it was not known who calls. */
  retry(): void {
    // what is gone from the answer is sent no more: the client begins anew with what is left
    if (this.#sending?.isOpen(this.#query?.answer) === false) this.#sending = undefined
    if (this.#sending !== undefined) this.#sendOn()
    else if (this.isWaiting) this.#query?.greet(this)
  }

  send(change: ChangeText, etag: string): void {
    // it does not read as fast as its answer changes: one whole answer, or a few steps, once it does
    if (!this.source.hasRoom) {
      this.#wait()
      return
    }
    this.#etag = etag
    this.source.deliver(change)
  }

  /** The last position at which what the client holds is still true, as far as is known; infinite when it is up to date. */
  get upTo(): number {
    return this.topic === undefined ? Number.POSITIVE_INFINITY : Math.min(this.#heldTo, this.#query?.upTo ?? this.#heldTo)
  }

  /** The caller is another, or may be. */
  onCallerChanged(): void {
    this.#query?.onCallerChanged()
    this.reconsider()
  }

  reconsider(): void {
    this.#wait()
    this.#sending = undefined
    this.#hub.begin(async () => {
      await this.source.refresh()
      if (this.#isEnded || this.#query === undefined) return
      try {
        if (this.#query.accepts(this)) this.#query.greet(this)
        else this.move()
      } catch (error) {
        this.#fail(error)
      }
    })
  }

  move(): void {
    this.#wait()
    this.#query?.remove(this)
    this.#query = undefined
    this.#sending = undefined
    this.start()
  }

  /** Ends it with the reason. */
  end(problem: Problem): void {
    if (this.#isEnded) return
    // before what it leaves behind lets go: that may be true of a later moment than what this client holds
    this.source.write(encodeWire({ type: 'error', id: this.#id, problem }))
    this.stop()
  }

  /** Ends it with what a rule has thrown. */
  #fail(error: unknown): void {
    this.end(liveProblem(error, { route: this.route }, this.#hub.options.log))
  }

  /** Ends it without a word. */
  stop(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    if (this.isWaiting) this.source.onWaiting(-1)
    this.source.release(this.#id)
    this.#query?.remove(this)
    this.#settle()
  }

  #settle(): void {
    this.#isAnswered = true
    for (const resolve of this.#onAnswered ?? []) resolve()
    this.#onAnswered = undefined
  }

  #sendOn(): void {
    const sending = this.#sending
    if (sending === undefined) return
    while (!sending.isNearlyOut) {
      if (!this.source.hasRoom) return
      this.source.write(sending.nextPiece(this.#id))
    }
    if (sending.isLong) this.source.write(sending.nextPiece(this.#id))
    // changes that wait are of values before this one
    this.source.flush()
    this.source.write(sending.snapshot(this.#id))
    this.topic = sending.topic
    this.#sending = undefined
    if (!sending.isLong) {
      this.#hold(sending.etag)
      return
    }
    // it may be another by the time that all of it is out
    this.#etag = sending.etag
    this.#heldTo = sending.position
    this.#settle()
    this.#query?.greet(this)
  }

  /** Sends the steps from what the client holds to the answer, whose topic it follows. */
  #catchUp(answer: Answer, steps: readonly ChangeText[]): void {
    const { topic, etag } = answer
    const from = this.#etag
    const followers = steps.length === 0 ? [this] : this.source.following(topic)
    if (followers.some((each) => each.#etag !== from)) {
      // clients take every step of a topic for all who follow it, and these steps do not fit what the others hold
      this.#tellCurrent(answer, steps)
      return
    }
    // before the steps are sent: what is sent says how far everything is that has been sent
    for (const each of followers) each.#comeTo(topic, etag)
    this.source.queue(steps)
  }

  /** The client takes steps that lead to the etag, as it follows their topic. */
  #comeTo(topic: number, etag: string): void {
    this.#etag = etag
    // one that waits for the answer of another query waits on
    if (this.#query !== undefined && this.#query.topic !== topic) return
    this.#sending = undefined
    this.#hold(etag)
  }

  #tellCurrent({ topic, etag, at }: Answer, steps: readonly ChangeText[]): void {
    const changes = steps.length === 0 ? '' : `,"changes":[${steps.map(({ text }) => text).join(',')}]`
    this.source.write(`{"type":"current","id":${this.#id},"topic":${topic},"at":"${at}"${changes}}`)
    this.topic = topic
    this.#hold(etag)
  }

  /** From now on it is behind, until it is greeted. */
  #wait(): void {
    if (this.isWaiting) return
    this.isWaiting = true
    if (!this.#isEnded) this.source.onWaiting(1)
    this.#heldTo = Math.min(this.upTo, this.#hub.before)
  }

  /** The client holds this value now. */
  #hold(etag: string): void {
    if (this.isWaiting && !this.#isEnded) this.source.onWaiting(-1)
    this.isWaiting = false
    this.#heldTo = Number.POSITIVE_INFINITY
    this.#etag = etag
    this.#settle()
  }
}
