import { type ErrorOptions, TapriError } from '../kit/errors.ts'
import type { Exchange } from './exchange.ts'
import { type Head, headerOf } from './heads.ts'
import { decodeResponse, encodeResponse, wholeAnswer } from './response-kept.ts'
import type { WholeAnswer } from './whole.ts'

/** What became of a call. `gone`: it is done, but its answer cannot be given again. */
export type Outcome =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: readonly string[]; readonly answer?: WholeAnswer }
  | { readonly kind: 'refusal'; readonly code: string; readonly message: string; readonly options: ErrorOptions }
  | { readonly kind: 'gone' }

/** What is remembered of an answer, and what is answered now. */
export function outcomeOf(
  exchange: Exchange,
  value: unknown,
  headers: readonly string[] | undefined,
): { readonly outcome: Outcome; readonly answer: unknown } {
  const answer = wholeAnswer(exchange, value)
  if (headers === undefined || (answer === undefined && value !== undefined)) return { outcome: { kind: 'gone' }, answer: value }
  const { status } = exchange
  if (answer === undefined) return { outcome: { kind: 'answer', status, headers }, answer: value }
  return { outcome: { kind: 'answer', status, headers, answer }, answer }
}

/** The headers that the route has set; undefined when there are cookies among them, which must not be kept. */
export function headersSince({ headers = [] }: Exchange, before: Head): readonly string[] | undefined {
  if (headerOf(headers, 'set-cookie') !== undefined) return undefined
  const own: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const [name = '', value = ''] = [headers[index], headers[index + 1]]
    if (headerOf(before, String(name).toLowerCase()) !== String(value)) own.push(String(name), String(value))
  }
  return own
}

/** What may be told of an error, as it is told to its first caller. */
export function refusalOf(error: unknown): { readonly code: string; readonly message: string; readonly options: ErrorOptions } {
  if (!(error instanceof TapriError) || error.status === 500) {
    return { code: 'TAPRI_INTERNAL', message: 'It went wrong after it had been done in part', options: { status: 500 } }
  }
  const { code, message, status, facts, issues } = error
  return {
    code,
    message,
    options: { status, ...(facts !== undefined && { facts }), ...(issues !== undefined && { issues }) },
  }
}

interface Line {
  readonly fingerprint: string
  readonly outcome: Exclude<Outcome, { readonly kind: 'answer' }> | { readonly kind: 'answer'; readonly status: number }
  readonly headers?: readonly string[]
}

/** One line of JSON, then the answer if there is one. */
export function encodeOutcome(fingerprint: string, outcome: Outcome): string {
  if (outcome.kind !== 'answer') return JSON.stringify({ fingerprint, outcome } satisfies Line)
  const { kind, status, headers, answer } = outcome
  const line: Line = { fingerprint, outcome: { kind, status }, headers }
  return answer === undefined ? JSON.stringify(line) : `${JSON.stringify(line)}\n${encodeResponse({ answer, headers: [] })}`
}

export function decodeOutcome(text: string): { readonly fingerprint: string; readonly outcome: Outcome } {
  const end = text.indexOf('\n')
  const { fingerprint, outcome, headers = [] } = asLine(JSON.parse(end === -1 ? text : text.slice(0, end)))
  if (outcome.kind !== 'answer') return { fingerprint, outcome }
  if (end === -1) return { fingerprint, outcome: { ...outcome, headers } }
  return { fingerprint, outcome: { ...outcome, headers, answer: decodeResponse(text.slice(end + 1)).answer } }
}

// The line was written by encodeOutcome.
function asLine(value: unknown): Line {
  return value as Line
}
