import type { IncomingMessage, ServerResponse } from 'node:http'
import { newId } from '../kit/ids.ts'
import type { Exchange, Shared } from './exchange.ts'
import type { Head } from './heads.ts'
import { problemOf, problemWith, sendProblem } from './problem.ts'

/** Ends an exchange with what went wrong: callers read a problem document, the log reads all of it. */
export function failExchange(exchange: Exchange, error: unknown): void {
  const { shared, request, response, flags } = exchange
  const kept = keptHeaders(exchange.headers ?? [])
  refuse(shared, request, response, { error, flags, id: exchange.id, route: exchange.route.served.name, kept })
}

/** The same for a request that has not found a route. */
export function failRequest(
  shared: Shared,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  flags: number,
): void {
  refuse(shared, request, response, { error, flags, id: newId(), route: undefined, kept: [] })
}

/**
 * Answers a path that nobody serves, which any stranger can ask for as often as they like: without an error, whose making
 * and throwing cost as much as the rest of such an answer.
 */
export function refuseUnserved(
  shared: Shared,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  flags: number,
): void {
  const detail = `Cannot find "${path.slice(0, 200)}": nothing is served there`
  const problem = problemWith('TAPRI_HTTP_NO_ROUTE', { status: 404, detail, id: newId() })
  sendProblem(shared, request, response, problem, { error: undefined, flags, kept: none })
}

const none: Head = []

const toldAnyway = /^(?:set-cookie|tapri-session|tus-.*|upload-.*)$/

/**
 * Of the headers that were set before the refusal, those that tell of something that has happened all the same: a
 * session that began or ended, how an upload stands. The others described the answer that is not sent.
 */
function keptHeaders(headers: Head): Head {
  const kept: Head = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = String(headers[index]).toLowerCase()
    if (toldAnyway.test(name)) kept.push(headers[index] ?? '', headers[index + 1] ?? '')
  }
  return kept
}

interface Failure {
  readonly error: unknown
  readonly flags: number
  readonly id: string
  readonly route: string | undefined
  /** Headers that the problem document carries too. */
  readonly kept: Head
}

function refuse(shared: Shared, request: IncomingMessage, response: ServerResponse, failure: Failure): void {
  const { error, id, route } = failure
  const problem = problemOf(error, id)
  // A caller that has left causes errors of its own kind; nobody is to be told of them
  const isGone = response.destroyed && !response.writableFinished
  const isParting = isGone && error instanceof Error && (error.name === 'AbortError' || problem.status < 500)
  if (problem.status >= 500 && !isParting) {
    shared.log.error('Cannot answer a request', { id, route, method: request.method, status: problem.status, error })
  }
  sendProblem(shared, request, response, problem, failure)
}
