/** A message as it was heard. */
export interface HeardMessage<M> {
  readonly id: string
  readonly at: Date
  /** The member who sent it: the id of a user; of a visitor one that stands for its line. */
  readonly from: string
  readonly body: M
}

export interface HeardSignal<S> {
  readonly from: string
  readonly signal: S
}

/** Somebody who is in a channel. */
export interface ChannelMember<F> {
  readonly id: string
  readonly facts: F
}

export interface ChannelOptions {
  /** Called when the channel is left for good against one's will, for instance because the caller may no longer be there, and
   * when a signal is refused; logs unless told. */
  readonly onError?: (error: Error) => void
}

/**
 * A channel that this client is in until it leaves, through lost lines: every message that is kept is heard once, in the order
 * in which all hear them. To iterate over it gives the messages from now on.
 * @example using room = api.chat({ id }); room.onMessage(({ body }) => show(body.text)); await room.send({ text: 'Hello' })
 */
export interface OpenChannel<SentMessage, Message, SentSignal, Signal, Facts>
  extends AsyncIterable<HeardMessage<Message>, undefined>,
    Disposable {
  /** Resolves when the server has let this client in. Rejects when it will not. */
  readonly joined: Promise<void>
  /** Resolves when the message is kept, or on its way in a channel that keeps none. While the server cannot be reached, or
   * says when to try again as its database cannot be, it waits.
   * @throws what the channel refuses with; TAPRI_CLIENT_QUEUE when 100 messages wait already; TAPRI_CLIENT_LEFT */
  send(message: SentMessage): Promise<void>
  /** Tells those who are there now, and nobody else; lost when the line is. */
  signal(signal: SentSignal): void
  /** Those who are there and shown: 1,000 at most. */
  members(): readonly ChannelMember<Facts>[]
  /** How many are there, those too who are not listed. */
  readonly count: number
  /** Calls with every message from now on; the answer ends that. */
  onMessage(listener: (message: HeardMessage<Message>) => void): () => void
  onSignal(listener: (signal: HeardSignal<Signal>) => void): () => void
  /** Calls with all of them when somebody has come or gone, or has other facts. */
  onMembers(listener: (members: readonly ChannelMember<Facts>[]) => void): () => void
  /** Calls when messages that were not heard are kept no more. */
  onMissed(listener: () => void): () => void
  /** Calls when it is over: with the reason, or without one when it was left. */
  onEnd(listener: (error: Error | undefined) => void): () => void
  leave(): void
}
