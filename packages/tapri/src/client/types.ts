import type { App } from '../app/types.ts'
import type { Controller, Route } from '../http/types.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  /** How much of an upload has left, as bytes; called at least at the start and the end. */
  readonly onProgress?: (progress: { readonly sent: number; readonly total: number }) => void
}
export interface LiveOptions {
  /** Called when the subscription ends for good, for instance because the caller may no longer read. */
  readonly onError?: (error: Error) => void
}

type Once<In, Out> = {} extends In
  ? (input?: In, options?: CallOptions) => Promise<Out>
  : (input: In, options?: CallOptions) => Promise<Out>
/** Calls back with the whole, current answer: at once, then after every change to what the handler read.
 * The answer ends the subscription. */
export type Live<In, Out> = (input: In, onChange: (value: Out) => void, options?: LiveOptions) => () => void
type Call<R> =
  R extends Route<'get', infer In, infer Out>
    ? Once<In, Out> & { readonly live: Live<In, Out> }
    : R extends Route<string, infer In, infer Out>
      ? Once<In, Out>
      : never

export type Client<A> =
  A extends App<infer Cs, any>
    ? { readonly [C in keyof Cs]: Cs[C] extends Controller<infer R> ? { readonly [K in keyof R]: Call<R[K]> } : never }
    : never
