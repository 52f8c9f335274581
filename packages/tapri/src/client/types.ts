import type { App } from '../app/types.ts'
import type { Answer, Controller, Route } from '../http/index.ts'
import type { KnownCode, Refusal } from './refusal.ts'

export interface CallOptions {
  /** Ends the call, or the stream that it answered; what is thrown then is its reason. */
  readonly signal?: AbortSignal
  /** How long the call may take, tries included, until its answer is there or its stream begins: like `10s`, or milliseconds.
   * The client's own unless told; a call that sends files has none. */
  readonly timeout?: number | string
  /** How often a call is sent again that may be: the client's own number unless told. */
  readonly retries?: number
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
/** Calls back with the whole, current answer: at once, then after every change to what the handler read.
 * The answer ends the subscription. */
export type Live<In, Out> = (input: In, onChange: (value: Out) => void, options?: LiveOptions) => () => void

type CallOf<R> =
  R extends Route<'get', infer In, infer Out, infer Code>
    ? ReadCall<In, Out, Code>
    : R extends Route<string, infer In, infer Out, infer Code>
      ? Call<In, Out, Code>
      : never

export type Client<A> =
  A extends App<infer Cs, any>
    ? { readonly [C in keyof Cs]: Cs[C] extends Controller<infer R> ? { readonly [K in keyof R]: CallOf<R[K]> } : never }
    : never
