import { httpError } from './errors.ts'

export type RawQuery = Readonly<Record<string, string | string[]>>

const mostPairs = 1000

/**
 * Reads `a=1&b=2&b=3`, as queries and HTML forms write it; a repeated key becomes a list.
 * No operators, no nesting: `email[$ne]` is just a key that no route knows.
 * @throws TAPRI_HTTP_QUERY for broken escapes, NUL, `__proto__` and more than 1,000 pairs
 */
export function parseQuery(text: string): RawQuery {
  const found: Record<string, string | string[]> = {}
  if (text === '') return found
  let pairs = 0
  let from = 0
  while (from <= text.length) {
    const next = text.indexOf('&', from)
    const to = next === -1 ? text.length : next
    if (to > from) {
      if (++pairs > mostPairs) throw httpError('TAPRI_HTTP_QUERY', `Cannot read more than ${mostPairs} name=value pairs`)
      addPair(found, text, from, to)
    }
    from = to + 1
  }
  return found
}

function addPair(found: Record<string, string | string[]>, text: string, from: number, to: number): void {
  const equals = text.indexOf('=', from)
  const end = equals === -1 || equals > to ? to : equals
  const key = decode(text.slice(from, end))
  const value = end === to ? '' : decode(text.slice(end + 1, to))
  if (key === '__proto__') throw httpError('TAPRI_HTTP_QUERY', 'Cannot read the query: the key "__proto__" is not allowed')
  if (!Object.hasOwn(found, key)) {
    found[key] = value
    return
  }
  const before = found[key]
  if (Array.isArray(before)) before.push(value)
  else if (before !== undefined) found[key] = [before, value]
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  let decoded: string
  try {
    decoded = decodeURIComponent(spaced)
  } catch (cause) {
    throw httpError('TAPRI_HTTP_QUERY', `Cannot read "${text.slice(0, 100)}": its % escapes are not UTF-8`, { cause })
  }
  if (decoded.includes('\0')) throw httpError('TAPRI_HTTP_QUERY', 'Cannot read the query: it contains the NUL character')
  return decoded
}
