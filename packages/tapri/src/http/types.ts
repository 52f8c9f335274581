import type { Field, Fields, OutputSchema, OutputValue, Reads, StandardSchemaV1, Writes } from '../schema/index.ts'
import type { Answer } from './answer.ts'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
type Schema = Fields | StandardSchemaV1<any, any>

/** What a route takes. Unknown keys are refused in each part. */
export interface RouteSpec {
  readonly params?: Fields
  readonly query?: Schema
  readonly body?: Schema
  /** What it answers: the compiler holds the handler to it, in development so does the server, and OpenAPI tells it. */
  readonly output?: OutputSchema
  /** Of its answer, 200 unless told; `reply.status` sets another one. */
  readonly status?: 200 | 201 | 202 | 203
  /** One sentence for the API's documentation. */
  readonly summary?: string
  /** More about it for the API's documentation, in Markdown. */
  readonly description?: string
  /** A body like those that are sent, without its files, for the API's documentation. */
  readonly example?: unknown
  /** Marked so in the API's documentation: it works, and should not be used by what is new. */
  readonly deprecated?: true
  /** The codes of the app's own errors that it answers with, and their status: what the typed client knows of them. */
  readonly errors?: Readonly<Record<string, number>>
  /** A request with an `Idempotency-Key` is done once, however often it comes. `required` refuses those without one; `ignored`
   * leaves the header to the handler. */
  readonly idempotencyKey?: 'required' | 'ignored'
  /** The handler reads the body itself, from `request`, while it comes; a route that does declares no body. */
  readonly streamed?: true
  /** False sends no entity tag: callers cannot ask whether the answer of this GET has changed. */
  readonly etag?: false
  /** False sends the answer as it is, even to callers who accept it compressed: for secrets beside what the caller sent. */
  readonly compress?: false
}

/** The `:names` in a path. */
export type PathParams<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? { readonly [K in Name | keyof PathParams<Rest>]: string }
  : P extends `${string}:${infer Name}`
    ? { readonly [K in Name]: string }
    : {}

type Section<S, Key extends string, Fallback> = Key extends keyof S
  ? S[Key] extends StandardSchemaV1<any, infer Out>
    ? Out
    : S[Key] extends Fields
      ? Reads<S[Key]>
      : Fallback
  : Fallback
type Sent<S, Key extends string> = Key extends keyof S
  ? S[Key] extends StandardSchemaV1<infer In, any>
    ? In
    : S[Key] extends Readonly<Record<string, Field<any, any>>>
      ? Writes<S[Key]>
      : {}
  : {}

export interface Inputs<S extends RouteSpec, P extends string> {
  readonly params: Section<S, 'params', PathParams<P>>
  readonly query: Section<S, 'query', {}>
  readonly body: Section<S, 'body', undefined>
}
export type Sends<S extends RouteSpec, P extends string> = (S extends { readonly params: Fields }
  ? Writes<S['params']>
  : PathParams<P>) &
  Sent<S, 'query'> &
  Sent<S, 'body'>

/** What a handler may give: whatever it likes where nothing is said. */
type Answers<S> = S extends { readonly output: infer O } ? OutputValue<O> | Answer : unknown
type Codes<S> = S extends { readonly errors: infer Errors } ? keyof Errors & string : never

/** A route: its types for the compiler, its definition for the server. */
export interface Route<Kind extends string, In, Out, Code extends string = string> {
  readonly '~kind': Kind
  readonly '~in': In
  readonly '~out': Out
  readonly '~code': Code
  readonly definition: RouteDefinition
}

export interface RouteDefinition {
  readonly method: Method
  /** Below its controller's path; `:name` stands for one segment, a last `*name` for the rest. */
  readonly path: string
  /** The first word of the route, like `visitor` or `member`: who may call it. */
  readonly access: string
  readonly spec: RouteSpec
  readonly middleware: readonly MiddlewareRun[]
  readonly handler: Handler
  /** Who made it, for rooms above. */
  readonly owner?: object | undefined
}
// A handler's context is checked where the route is written; the server only passes it on.
export type Handler = (context: any) => unknown
/** `next` answers what is answered inside, for middleware of this package alone. */
export type MiddlewareRun = (context: any, next: (adds?: object) => Promise<any>) => Promise<unknown>

/** Runs around the routes that `use` it; what it gives to `next` is added to their context. An Answer that it returns is the answer. */
export interface Middleware<Adds> {
  readonly '~adds': Adds
  readonly run: MiddlewareRun
}

export interface RouteKit<C> {
  use<Adds>(middleware: Middleware<Adds>): RouteKit<Omit<C, keyof Adds> & Adds>
  readonly get: Verb<C, 'get'>
  readonly post: Verb<C, 'post'>
  readonly put: Verb<C, 'put'>
  readonly patch: Verb<C, 'patch'>
  readonly delete: Verb<C, 'delete'>
}
export interface Verb<C, Kind extends Method> {
  <const P extends string, Out>(
    path: P,
    handler: (context: C & Inputs<{}, P>) => Promise<Out> | Out,
  ): Route<Kind, PathParams<P>, Out, never>
  <const P extends string, const S extends RouteSpec, Out extends Answers<S>>(
    path: P,
    spec: S,
    handler: (context: C & Inputs<S, P>) => Promise<Out> | Out,
  ): Route<Kind, Sends<S, P>, Out, Codes<S>>
}

/** Routes below one path, by name; the names are the client's methods. */
export interface Controller<R> {
  readonly '~routes': R
  readonly path: string
  readonly routes: Readonly<Record<string, Route<string, any, any>>>
  readonly use: readonly MiddlewareRun[]
}

export interface ControllerOptions {
  /** Runs around all routes of the controller, outside of their own; what it adds is not in their types. */
  readonly use?: readonly Middleware<unknown>[]
}

/** A route with its whole path and its name, `videos.list`. */
export interface ServedRoute extends RouteDefinition {
  readonly name: string
}
