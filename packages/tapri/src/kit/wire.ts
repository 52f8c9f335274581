/**
 * The JSON of the typed client: plain JSON in which a text that starts with `~` is special, so that times
 * survive the journey. `~t2026-…Z` is a time, `~~…` is a text that began with `~`.
 * Media type `application/vnd.tapri+json`; everybody else gets plain JSON with ISO 8601 times.
 */
export const wireType = 'application/vnd.tapri+json'
/** On the type of a stream (JSON lines, events): its values are such JSON, and a stream of events says when it is whole. */
export const wireProfile = 'profile=tapri'
/** The comment that ends a stream of events whose source has ended: without it the connection was lost. */
export const endOfEvents = ': end\n\n'

/** @example encodeWire({ at: new Date(0) }) // '{"at":"~t1970-01-01T00:00:00.000Z"}' */
export function encodeWire(value: unknown): string {
  // undefined has no JSON, nor has a function; an absent answer is null
  const plain = JSON.stringify(value) ?? 'null'
  // every time ends so, and a text that must be marked begins so: what has neither is far faster without a replacer
  return plain.includes('Z"') || plain.includes('"~') ? JSON.stringify(value, mark) : plain
}

/** @throws SyntaxError when the text is not JSON */
export function decodeWire(text: string): unknown {
  return text.includes('"~') ? JSON.parse(text, unmark) : JSON.parse(text)
}

function mark(this: unknown, key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  // JSON.stringify calls Date's toJSON before this function, so the holder is asked for the original
  const holder = this as Readonly<Record<string, unknown>>
  if (holder[key] instanceof Date) return `~t${value}`
  return value.charCodeAt(0) === 126 ? `~${value}` : value
}

function unmark(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.charCodeAt(0) !== 126) return value
  return value.charCodeAt(1) === 116 ? new Date(value.slice(2)) : value.slice(1)
}
