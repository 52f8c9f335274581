import type { IncomingMessage } from 'node:http'
import Negotiator from 'negotiator'

export type Encoding = 'zstd' | 'br' | 'gzip'
/** How a body may be written, the best first where the caller has no wish of its own. */
const encodings: readonly Encoding[] = ['zstd', 'br', 'gzip']

const keptHeaders = 500
const known = new Map<string, Encoding | undefined>()

/** The one of these content codings that an Accept-Encoding header asks for; undefined when a body should go as it is. */
export function encodingFor(header: string, offered: readonly Encoding[] = encodings): Encoding | undefined {
  const key = offered === encodings ? header : `${offered.join()} ${header}`
  // browsers send a handful of different ones
  if (known.has(key)) return known.get(key)
  const wanted = new Negotiator({ headers: { 'accept-encoding': header } })
  const found = wanted.encoding([...offered, 'identity'], { preferred: offered })
  const encoding = offered.find((each) => each === found)
  if (known.size >= keptHeaders) known.clear()
  known.set(key, encoding)
  return encoding
}

/** The one of these media types that the caller likes best; undefined when it accepts none of them. */
export function acceptedType(request: IncomingMessage, types: readonly string[]): string | undefined {
  return new Negotiator(request).mediaType([...types])
}

/** The one of these languages that the caller likes best; undefined when it accepts none of them. */
export function acceptedLanguage(request: IncomingMessage, languages: readonly string[]): string | undefined {
  return new Negotiator(request).language([...languages])
}
