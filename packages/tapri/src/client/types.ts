import type { App, Channel } from '../app/types.ts'
import type { Answer, Controller, Route } from '../http/index.ts'
import type { ChannelOptions, OpenChannel } from './channel-types.ts'
import type { KnownCode, Refusal } from './refusal.ts'

export interface CallOptions {
  /** Ends the call, or the stream that it answered; what is thrown then is its reason. */
  readonly signal?: AbortSignal
  /** How long the call may take, tries included, until its answer is there or its stream begins: like `10s`, or milliseconds.
   * The client's own unless told; a call that sends files has none. */
  readonly timeout?: number | string
  /** How often a call is sent again that may be: the client's own number unless told. */
  readonly retries?: number
  /** An Idempotency-Key, printable ASCII: the server does the call once however often it comes, so a POST or PATCH too is sent
   * again when its answer is lost. */
  readonly key?: string
  /** How much of an upload has left, as bytes; called at least at the start and the end. */
  readonly onProgress?: (progress: { readonly sent: number; readonly total: number }) => void
  /** How much of the answer has come, as bytes; called at least at the start and the end. `total` is undefined while nobody
   * knows, as of compressed answers. */
  readonly onDownload?: (progress: { readonly received: number; readonly total: number | undefined }) => void
}
export interface LiveOptions {
  /** Called when the subscription ends for good, for instance because the caller may no longer read. */
  readonly onError?: (error: Error) => void
}

/** What a caller gets of what a handler returns. */
export type Received<Out> =
  Out extends Answer<infer Value> ? Value : Out extends Uint8Array ? Blob : Out extends Response ? unknown : Out

/** A route that needs nothing may be called without an input. */
type Arguments<In> = {} extends In ? [input?: In, options?: CallOptions] : [input: In, options?: CallOptions]

/** How a call ended, where both ways are expected; the codes are those of Tapri and those that the route declares. */
export type Outcome<Out, Code extends string> =
  | { readonly ok: true; readonly value: Out }
  | { readonly ok: false; readonly error: Refusal<KnownCode | Code> }

/** Calls a route. */
export interface Call<In, Out, Code extends string> {
  (...given: Arguments<In>): Promise<Received<Out>>
  /**
   * The answer itself, its body unread: for headers, and for bodies too large to be held whole.
   * @example const answer = await api.reports.get.response({ id }); await answer.body?.pipeTo(file)
   */
  response(...given: Arguments<In>): Promise<Response>
  /**
   * Answers a refusal in place of throwing it, with its code typed; only the reason of a signal is still thrown.
   * @example const joined = await api.clubs.join.try({ name }); if (!joined.ok && joined.error.code === 'CLUB_FULL') …
   */
  try(...given: Arguments<In>): Promise<Outcome<Received<Out>, Code>>
  /**
   * Calls, and shows at once what the call will change. What is shown goes when the live answer with the write in it comes, and
   * when the call is refused, which is thrown. While the server cannot be reached the call waits, behind those before it.
   * @throws TAPRI_CLIENT_QUEUE when 100 calls wait already
   * @example await api.comments.create.optimistic({ text }, (show) => show(comments, (rows) => [...rows, { id: 'new', text }]))
   */
  optimistic(input: In, apply: (show: Show) => void, options?: CallOptions): Promise<Received<Out>>
}
/** Calls a GET route. */
export interface ReadCall<In, Out, Code extends string> extends Call<In, Out, Code> {
  readonly live: Live<In, Received<Out>>
  /**
   * Whether there is an answer, without its body: false for 404 and 410.
   * @example if (await api.users.byName.exists({ name: 'ann' })) …
   */
  exists(...given: Arguments<In>): Promise<boolean>
}

/** What is known of a live answer; another object after every change. */
export interface LiveState<T> {
  /** Undefined until the first answer has come. */
  readonly value: T | undefined
  /** Why there will be no more answers. */
  readonly error: Error | undefined
  readonly isReady: boolean
}

/**
 * A live answer: the whole, current value for as long as it is not closed. To iterate over it gives the value of now, then
 * the newest after every change; who reads slowly skips those between. Leaving the loop closes it.
 * @example using videos = api.videos.list.live({}); for await (const rows of videos) console.log(rows.length)
 */
export interface LiveValue<T> extends AsyncIterable<T, undefined>, Disposable {
  readonly value: T | undefined
  readonly error: Error | undefined
  readonly state: LiveState<T>
  readonly isClosed: boolean
  /** The first value. Rejects with what the subscription ends with before. */
  readonly ready: Promise<T>
  /** Calls with every value after the present one; the answer ends that. */
  onChange(listener: (value: T) => void): () => void
  /** Calls when the value has changed, the subscription has failed, or it was closed; the answer ends that. */
  onState(listener: () => void): () => void
  close(): void
}

/** Follows a GET route. */
export interface Live<In, Out> {
  /** Calls back with the whole, current answer: at once, then after every change to what the handler read.
   * The answer ends the subscription. */
  (input: In, onChange: (value: Out) => void, options?: LiveOptions): () => void
  /** The answer as a value that stays current until it is closed. */
  (...given: {} extends In ? [input?: In, options?: LiveOptions] : [input: In, options?: LiveOptions]): LiveValue<Out>
}

/** Changes what a live answer shows until the server's own has the write. */
export interface Show {
  <T>(live: LiveValue<T>, change: (value: T) => T): void
  /** Every live answer of the route with this input. */
  <In, Out>(route: { readonly live: Live<In, Out> }, input: In, change: (value: Out) => Out): void
}

type CallOf<R> =
  R extends Route<'get', infer In, infer Out, infer Code>
    ? ReadCall<In, Out, Code>
    : R extends Route<string, infer In, infer Out, infer Code>
      ? Call<In, Out, Code>
      : never

export type Client<A> =
  A extends App<infer Cs, any>
    ? {
        readonly [C in keyof Cs]: Cs[C] extends Controller<infer R> ? { readonly [K in keyof R]: CallOf<R[K]> } : JoinOf<Cs[C]>
      }
    : never

/** Joins a channel, and stays until it leaves. */
export type Join<In, Opened> = (
  ...given: {} extends In ? [params?: In, options?: ChannelOptions] : [params: In, options?: ChannelOptions]
) => Opened

type JoinOf<H> =
  H extends Channel<infer In, infer Sent, infer Heard, infer SentSignal, infer HeardSignal, infer Facts>
    ? Join<In, OpenChannel<Sent, Heard, SentSignal, HeardSignal, Facts>>
    : never
