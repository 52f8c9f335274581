import type { ChannelMember, ChannelOptions, HeardMessage, HeardSignal, OpenChannel } from './channel-types.ts'
import { left } from './left.ts'
import { notify } from './notify.ts'

type Open = OpenChannel<unknown, unknown, unknown, unknown, unknown>

/** What waits for a channel. */
interface Waiting {
  take(channel: Open): void
  fail(error: Error): void
}

/** A channel whose part of the client is being loaded: what is asked of it is asked of the channel itself as soon as it is there. */
export class ComingChannel implements Open {
  readonly joined: Promise<void>
  readonly #waiting: Waiting[] = []
  #channel: Open | undefined
  #error: Error | undefined
  #isLeft = false

  /** The part gives what opens the channel. */
  constructor(part: Promise<() => Open>, { onError = (error) => console.error(error) }: ChannelOptions) {
    part.then(
      (open) => this.#arrive(open()),
      (error: Error) => this.#fail(error),
    )
    this.joined = this.#ask((channel) => channel.joined)
    // whoever does not wait for it is told by `onError`, of the channel when it is there
    this.joined.catch(() => {})
    this.#wait({ take() {}, fail: (error) => this.#isLeft || onError(error) })
  }

  get count(): number {
    return this.#channel?.count ?? 0
  }

  send(message: unknown): Promise<void> {
    return this.#ask((channel) => channel.send(message))
  }

  signal(signal: unknown): void {
    this.#channel?.signal(signal)
  }

  members(): readonly ChannelMember<unknown>[] {
    return this.#channel?.members() ?? []
  }

  onMessage(listener: (message: HeardMessage<unknown>) => void): () => void {
    return this.#listen((channel) => channel.onMessage(listener))
  }

  onSignal(listener: (signal: HeardSignal<unknown>) => void): () => void {
    return this.#listen((channel) => channel.onSignal(listener))
  }

  onMembers(listener: (members: readonly ChannelMember<unknown>[]) => void): () => void {
    return this.#listen((channel) => channel.onMembers(listener))
  }

  onMissed(listener: () => void): () => void {
    return this.#listen((channel) => channel.onMissed(listener))
  }

  onEnd(listener: (error: Error | undefined) => void): () => void {
    return this.#listen(
      (channel) => channel.onEnd(listener),
      (error) => listener(this.#isLeft ? undefined : error),
    )
  }

  leave(): void {
    if (this.#channel !== undefined) {
      this.#channel.leave()
      return
    }
    this.#isLeft = true
    this.#fail(left())
  }

  [Symbol.dispose](): void {
    this.leave()
  }

  [Symbol.asyncIterator](): AsyncIterator<HeardMessage<unknown>, undefined> {
    const messages = this.#ask((channel) => channel[Symbol.asyncIterator]())
    messages.catch(() => {})
    return {
      next: async () => (await messages).next(),
      return: async () => (await messages).return?.() ?? { done: true, value: undefined },
    }
  }

  /** Before anything else can happen: whoever has left by now is not let in. */
  #arrive(channel: Open): void {
    if (this.#error !== undefined) {
      channel.leave()
      return
    }
    this.#channel = channel
    for (const { take } of this.#waiting.splice(0)) take(channel)
  }

  #fail(error: Error): void {
    if (this.#error !== undefined) return
    this.#error = error
    for (const { fail } of this.#waiting.splice(0)) notify(() => fail(error))
  }

  #wait(waiting: Waiting): void {
    if (this.#channel !== undefined) waiting.take(this.#channel)
    else if (this.#error !== undefined) waiting.fail(this.#error)
    else this.#waiting.push(waiting)
  }

  #ask<Answer>(question: (channel: Open) => Answer | Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#wait({ take: (channel) => resolve(question(channel)), fail: reject })
    })
  }

  /** Listens as soon as the channel is there, unless that was given up before; `onFailure` hears why it will never be. */
  #listen(listen: (channel: Open) => () => void, onFailure: (error: Error) => void = () => {}): () => void {
    let isOver = false
    let cancel = () => {
      isOver = true
    }
    this.#wait({
      take(channel) {
        if (!isOver) cancel = listen(channel)
      },
      fail: (error) => isOver || onFailure(error),
    })
    return () => cancel()
  }
}
