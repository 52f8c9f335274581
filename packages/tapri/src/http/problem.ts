import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { type Issue, TapriError } from '../kit/errors.ts'
import { closeAfter } from './closing.ts'
import { errorPage } from './error-page.ts'
import type { Shared } from './exchange.ts'
import { hasBody } from './guard.ts'
import type { Head } from './heads.ts'
import { endWith, writeHead } from './written.ts'

/** What a refused caller is told (RFC 9457). */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  /** The request's id, to be found in the log. */
  readonly instance: string
  readonly facts?: Readonly<Record<string, unknown>>
  readonly issues?: readonly Issue[]
}

/**
 * The problem document of an error. Only what was made to be read by callers is in it: an error of status
 * 500, ours or anybody's, says no more than its id.
 * @example problemOf(notFound('No club is called "chess"'), id)
 */
export function problemOf(error: unknown, id: string): Problem {
  if (!(error instanceof TapriError) || error.status === 500) {
    return problemWith('TAPRI_INTERNAL', { status: 500, detail: `Something went wrong here: look for ${id} in the log`, id })
  }
  const { status, message, code, facts, issues } = error
  const problem = problemWith(code, { status, detail: message, id })
  if (facts === undefined && issues === undefined) return problem
  return { ...problem, ...(facts !== undefined && { facts }), ...(issues !== undefined && { issues }) }
}

/** A problem document that says no more than what every one says. */
export function problemWith(
  code: string,
  { status, detail, id }: { readonly status: number; readonly detail: string; readonly id: string },
): Problem {
  return { type: 'about:blank', title: titleOf(status), status, detail, code, instance: id }
}

/** Milliseconds that a refused sender may go on sending into the void before it is cut. */
const lingering = 1000

/** Answers with a problem document, or cuts an answer that had already begun. */
export function sendProblem(
  shared: Shared,
  request: IncomingMessage,
  response: ServerResponse,
  problem: Problem,
  options: { readonly error: unknown; readonly flags: number; readonly kept: Head },
): void {
  if (response.headersSent || response.destroyed) {
    // Nothing else tells that a body which has begun will not be whole
    if (!response.writableEnded) response.destroy()
    return
  }
  const page = shared.production || problem.status < 500 ? undefined : errorPage(request, problem, options.error)
  const body = page ?? JSON.stringify(problem)
  const isUnread = (options.flags & hasBody) !== 0 && !request.complete
  const closes = isUnread || shared.isDraining || problem.status === 408 || isUnclear(request, options)
  const isLast = closes && request.httpVersionMajor === 1
  if (isLast) closeAfter(request)
  const own = headersOf(options.error)
  if (options.kept.length > 0) own.push(...options.kept)
  if (isLast) own.push('Connection', 'close')
  const ready = page === undefined ? shared.heads.problem : shared.heads.html.plain
  // as in sendWhole: one array serves every answer
  const length = Buffer.byteLength(body)
  ready[ready.length - 1] = length
  const head = own.length === 0 ? ready : [...ready, ...own]
  writeHead(response, problem.status, head, head)
  if (!isUnread) {
    if (request.method === 'HEAD') response.end()
    else endWith(response, body, length)
    return
  }
  // Closing with bytes unread makes the kernel reset the connection, and the sender would never see why
  if (request.method !== 'HEAD') response.write(body)
  const stop = shared.clock.after(lingering, () => response.end())
  const end = () => {
    stop()
    response.end()
  }
  request.once('end', end).once('error', end).once('close', end)
  request.resume()
}

/** Whether two readers could differ on where the request ends: whatever comes behind it cannot be believed. */
function isUnclear(request: IncomingMessage, { error, flags }: { readonly error: unknown; readonly flags: number }): boolean {
  if (error instanceof TapriError && error.code === 'TAPRI_HTTP_REQUEST') return true
  return (flags & hasBody) !== 0 && (request.method === 'GET' || request.method === 'HEAD')
}

function headersOf(error: unknown): Head {
  if (!(error instanceof TapriError)) return []
  const { facts = {}, status } = error
  const headers: Head = []
  if (status === 401) headers.push('WWW-Authenticate', 'Bearer')
  if (status === 405 && Array.isArray(facts.allow)) headers.push('Allow', facts.allow.join(', '))
  if (status === 416 && typeof facts.size === 'number') headers.push('Content-Range', `bytes */${facts.size}`)
  if (typeof facts.retryAfter === 'number') headers.push('Retry-After', Math.ceil(facts.retryAfter))
  return headers
}

function titleOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error'
}
