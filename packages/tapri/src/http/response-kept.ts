import { encodeWire } from '../kit/wire.ts'
import { Answer } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { wantsWire } from './guard.ts'
import { type Head, headerOf } from './heads.ts'
import { isResponse } from './web-response.ts'
import { WholeAnswer, type WholeKind } from './whole.ts'

/** An answer as it is kept. */
export interface KeptResponse {
  readonly answer: WholeAnswer
  /** What the handler set, beside what every answer of its kind has. */
  readonly headers: readonly string[]
}

/** The answer of a handler when its body is here whole; undefined for streams, files, redirects and nothing. */
export function wholeAnswer(exchange: Exchange, value: unknown): WholeAnswer | undefined {
  if (value instanceof WholeAnswer) return value
  if (value === undefined || value instanceof Answer) return undefined
  if (typeof value === 'string') return new WholeAnswer('text', value)
  if (value instanceof Uint8Array) return new WholeAnswer('bytes', value)
  if (typeof value === 'object' && value !== null && !isJson(value)) return undefined
  if ((exchange.flags & wantsWire) !== 0) return new WholeAnswer('wire', encodeWire(value))
  const text: string | undefined = JSON.stringify(value)
  return text === undefined ? undefined : new WholeAnswer('json', text)
}

function isJson(value: object): boolean {
  return !('pipe' in value) && !isResponse(value)
}

/** The headers that were set since `before`; undefined when one of them says that nobody else may have the answer. */
export function keptHeaders(
  { headers = [] }: Exchange,
  before: Head,
  { vary, isPersonal }: { readonly vary: readonly string[]; readonly isPersonal: boolean },
): readonly string[] | undefined {
  const own: Head = []
  for (let index = 0; index < headers.length; index += 2) {
    const [name = '', value = ''] = [headers[index], headers[index + 1]]
    if (!before.some((part, at) => at % 2 === 0 && part === name && before[at + 1] === value)) own.push(name, value)
  }
  if (headerOf(own, 'set-cookie') !== undefined) return undefined
  const forbids = isPersonal ? /\b(?:no-store|no-cache)\b/i : /\b(?:no-store|no-cache|private)\b/i
  if (forbids.test(headerOf(own, 'cache-control') ?? '')) return undefined
  const varies = (headerOf(own, 'vary') ?? '').toLowerCase().split(/[\s,]+/)
  // what an answer is compressed for is told when it is sent
  if (varies.some((name) => name !== '' && name !== 'accept-encoding' && !vary.includes(name))) return undefined
  return own.map(String)
}

/** One line of JSON about it, then its body. */
export function encodeResponse({ answer: { kind, body }, headers }: KeptResponse): string {
  const text = typeof body === 'string' ? body : Buffer.from(body).toString('base64')
  return `${JSON.stringify([kind, ...headers])}\n${text}`
}

export function decodeResponse(text: string): KeptResponse {
  const end = text.indexOf('\n')
  const [kind, ...headers] = asLine(JSON.parse(text.slice(0, end)))
  const body = text.slice(end + 1)
  return { answer: new WholeAnswer(kind, kind === 'bytes' ? Buffer.from(body, 'base64') : body), headers }
}

// The line was written by encodeResponse.
function asLine(value: unknown): [WholeKind, ...string[]] {
  return value as [WholeKind, ...string[]]
}
