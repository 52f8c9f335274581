import { errorTable, TapriError } from './errors.ts'

const fail = errorTable({ TAPRI_KIT_JSON: 400 })

/** JSON text may spell the key with escapes, so only a text that could hold it is walked. */
const suspicious = /"(?:_|\\u005[Ff])(?:_|\\u005[Ff])[^"]*"\s*:|"c(?:o|\\u006[Ff])[^"]*"\s*:|\\u00[67]/

/**
 * Parses JSON that came from outside: refuses keys that reach an object's prototype, and nesting
 * deeper than `depth`.
 * @throws TAPRI_KIT_JSON (status 400)
 * @example parseJson('{"title":"Kites"}')
 */
export function parseJson(text: string, options: { depth?: number } = {}): unknown {
  const depth = options.depth ?? 64
  // counted before parsing: the parser itself would recurse as deep as the sender likes
  if (text.length > depth * 2 && isDeeper(text, depth)) {
    throw fail('TAPRI_KIT_JSON', `Cannot read the JSON: it is nested deeper than ${depth} levels`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw fail('TAPRI_KIT_JSON', `Cannot read the JSON: ${reason(cause)}`, { cause })
  }
  if (suspicious.test(text)) refusePrototypeKeys(value)
  return value
}

function isDeeper(text: string, depth: number): boolean {
  let level = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (quoted) {
      if (code === 92) index++
      else if (code === 34) quoted = false
    } else if (code === 34) quoted = true
    else if (code === 123 || code === 91) {
      if (++level > depth) return true
    } else if (code === 125 || code === 93) level--
  }
  return false
}

function refusePrototypeKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const reaches = key === '__proto__' || (key === 'constructor' && typeof inner === 'object')
    if (reaches) throw fail('TAPRI_KIT_JSON', `Cannot read the JSON: the key "${key}" is not allowed`)
    refusePrototypeKeys(inner)
  }
}

function reason(cause: unknown): string {
  if (cause instanceof TapriError) return cause.message
  // V8 quotes the text it could not read; the sender knows it, a log should not
  if (!(cause instanceof Error)) return 'it is not JSON'
  const { message } = cause
  const quote = message.endsWith('" is not valid JSON') ? message.indexOf(', "') : -1
  return (quote === -1 ? message : message.slice(0, quote)).replace(/"[^"]{20,}"/gs, '"…"')
}
