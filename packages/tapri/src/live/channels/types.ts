import type { Inputs, RouteDefinition, Sends } from '../../http/index.ts'
import type { Fields, Reads, Writes } from '../../schema/index.ts'

/** How much of what was said is kept for those who come later. */
export interface HistoryOptions {
  /** So many messages of each channel, the latest: 100 unless told, 10,000 at most. */
  readonly keep?: number
  /** For so long, like `7d`, which it is unless told. */
  readonly for?: number | string
}

/** A message as those in the channel hear it. */
export interface ChannelMessage<M> {
  readonly id: string
  readonly at: Date
  /** The member who sent it: the id of a user; of a visitor one that stands for its socket. */
  readonly from: string
  readonly body: M
}

/** Somebody who is in a channel, and what everybody there may know of them. */
export interface Member<F> {
  readonly id: string
  readonly facts: F
}

type Awaitable<T> = T | Promise<T>
type Given<C, P extends string, Ps> = C & Pick<Inputs<SpecOf<Ps>, P>, 'params'>
type SpecOf<Ps> = Ps extends Fields ? { readonly params: Ps } : {}

export interface ChannelOptions<C, P extends string, Ps, M extends Fields, S extends Fields, F> {
  /** What the `:names` of the path must be. */
  readonly params?: Ps
  /** What is said: unknown keys are refused. */
  readonly message: M
  /** What is passed on to those who are there now, and forgotten: that somebody types. */
  readonly signal?: S
  /** False keeps nothing: whoever is not there does not hear it. */
  readonly history?: HistoryOptions | false
  /** Whether the caller may be there. Asked again when something that it read through `db` changes. */
  join(context: Given<C, P, Ps>): Awaitable<boolean>
  /** Gives the message that everybody hears, or false for none. `db` may write. */
  send(context: Given<C, P, Ps>, message: Reads<M>): Awaitable<Reads<M> | false>
  /** What everybody there may know of the caller, 1 kB as JSON at most; false for somebody who is not shown. */
  presence?(context: Given<C, P, Ps>): Awaitable<F | false>
}

/** A channel as the app's own code has it: in a handler, a service, a script; on whatever node. */
export interface ServerChannel<Sent, SentSignal, Facts> {
  /**
   * Says a message to all who are in the channel, and keeps it where messages are kept. Inside of a transaction it belongs to it:
   * nobody hears it before the commit, and nobody ever when it is undone. The channel's own `send` is not asked.
   * @throws TAPRI_INVALID, TAPRI_LIVE_TOO_LARGE; TAPRI_LIVE_READ_ONLY in a GET; TAPRI_BUS_LOST where nothing is kept
   * @example await channel(chat, { id }).send({ text: 'The film begins' })
   */
  send(message: Sent, options?: SendOptions): Promise<void>
  /** Tells those who are there now, after the commit of a transaction that it is said in; 2,048 characters as JSON at most.
   * @throws TAPRI_INVALID, TAPRI_LIVE_TOO_LARGE, TAPRI_LIVE_CHANNEL; TAPRI_LIVE_READ_ONLY in a GET; TAPRI_BUS_LOST */
  signal(signal: SentSignal, options?: Pick<SendOptions, 'from'>): Promise<void>
  /** Those who are there and shown, on all nodes: 1,000 at most. A live GET follows them. */
  members(): Promise<readonly Member<Facts>[]>
  /** How many are there and shown. */
  count(): Promise<number>
}

export interface SendOptions {
  /** Who says it, 1 to 64 characters: `app` unless told, or the id of a user. */
  readonly from?: string
  /** A message of the same sender under the same key, 1 to 64 characters, is kept once: for work that may be done twice. It is known
   * for ten minutes at least; a channel without history knows none. */
  readonly key?: string
}

/**
 * Opens a channel from the app's own code, with the values of its path.
 * @throws TAPRI_INVALID for values that are none; TAPRI_LIVE_NO_CHANNEL when the app does not have the channel
 * @example await channel(chat, { id }).members()
 */
export type ChannelOpener = <C extends AnyChannel>(
  channel: C,
  ...params: {} extends C['~channel']['in'] ? [params?: C['~channel']['in']] : [params: C['~channel']['in']]
) => ServerChannel<C['~channel']['sent'], C['~channel']['sentSignal'], C['~channel']['facts']>

/** A channel: its types for the compiler, its definition for the server. */
export interface Channel<In, Sent, Heard, SentSignal, HeardSignal, Facts> {
  readonly '~channel': {
    readonly in: In
    readonly sent: Sent
    readonly heard: Heard
    readonly sentSignal: SentSignal
    readonly heardSignal: HeardSignal
    readonly facts: Facts
  }
  readonly definition: ChannelDefinition
}
export type ChannelFor<P extends string, Ps, M extends Fields, S extends Fields, F> = Channel<
  Sends<SpecOf<Ps>, P>,
  Writes<M>,
  Reads<M>,
  Writes<S>,
  Reads<S>,
  F
>
type AnyChannel = Channel<any, any, any, any, any, any>
export type Channels = Readonly<Record<string, AnyChannel>>

export interface ChannelDefinition {
  /** Run as routes are, by calls alone: they have the channel's path, its kind of caller and their middleware. */
  readonly join: RouteDefinition
  readonly send: RouteDefinition
  readonly message: Fields
  readonly signal: Fields | undefined
  /** Undefined when nothing is kept. */
  readonly history: { readonly keep: number; readonly milliseconds: number } | undefined
  readonly hasPresence: boolean
}

/** What the rule of a channel says of somebody whom it lets in. */
export interface Admission {
  /** As the channel's `params` check them. */
  readonly params: Readonly<Record<string, unknown>>
  /** Undefined for somebody who is not shown. */
  readonly facts: unknown
}
