import { type IncomingMessage, ServerResponse } from 'node:http'
import type { CompiledRoute } from './compile.ts'
import type { HttpContext } from './context.ts'
import { Exchange, type Shared } from './exchange.ts'

/** A route asked without a request of its own, as live queries and channels do. */
export interface RouteCall {
  readonly input: Readonly<Record<string, unknown>>
  /** The request that the context shows. */
  readonly request: IncomingMessage
  /** It was asked before, for the same subscription. */
  readonly isAgain?: boolean
  /** Tells the context who calls, and refuses; before the input is checked. */
  prepare?(context: HttpContext): void
}

export interface CallSetup {
  readonly shared: Shared
  readonly Context: new (exchange: Exchange) => HttpContext
}

/** Checks the input as if it had come in a path and a query, and answers what the handler returns. */
export async function callRoute(route: CompiledRoute, call: RouteCall, { shared, Context }: CallSetup): Promise<unknown> {
  const { names } = route
  const texts = names.map((name) => textOf(call.input[name]))
  const search = searchOf(call.input, names)
  const exchange = new Exchange(call.request, unheard(call.request), shared, route, texts, search, 0)
  exchange.isRequest = false
  exchange.isAgain = call.isAgain ?? false
  const context = new Context(exchange)
  exchange.context = context
  call.prepare?.(context)
  await route.check?.(exchange, undefined, 'text')
  return route.run(context)
}

function searchOf(input: Readonly<Record<string, unknown>>, inPath: readonly string[]): string {
  let search: URLSearchParams | undefined
  for (const [name, value] of Object.entries(input)) {
    if (inPath.includes(name) || value === undefined || value === null) continue
    search ??= new URLSearchParams()
    for (const item of Array.isArray(value) ? value : [value]) search.append(name, textOf(item))
  }
  return search?.toString() ?? ''
}

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value ?? '')
}

/** Nobody hears what the handler sets on it: a value is all that a call answers. */
function unheard(request: IncomingMessage): ServerResponse {
  // taken from its prototype, so that the request itself is not looked into
  return new ServerResponse(Object.create(Object.getPrototypeOf(request), { method: { value: 'GET' } }))
}
