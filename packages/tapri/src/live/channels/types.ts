import type { Inputs, RouteDefinition, RouteSpec, Sends } from '../../http/index.ts'
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
type SpecOf<Ps> = Ps extends Fields ? { readonly params: Ps } & RouteSpec : {}

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
export type Channels = Readonly<Record<string, Channel<any, any, any, any, any, any>>>

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
