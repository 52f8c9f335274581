import { type Redact, redacted } from './redact.ts'

type Facts = Readonly<Record<string, unknown>>
interface Walk {
  readonly redact: Redact
  readonly stacks: boolean
  readonly holders: object[]
  /** How many more values may be taken, so that a request object among the facts does not fill the log. */
  left: number
}

const deepest = 6
const longest = 8000

/** Facts as bounded plain data without secrets; what cannot be read is named, never thrown. */
export function plainFacts(parts: readonly (object | undefined)[], redact: Redact, options: { stacks: boolean }): Facts {
  const walk: Walk = { redact, stacks: options.stacks, holders: [], left: 1000 }
  const facts: Record<string, unknown> = {}
  for (const part of parts) {
    if (part instanceof Error) put(facts, 'error', part, walk)
    else if (part !== undefined && part !== null) copyInto(facts, part, walk)
  }
  return facts
}

function copyInto(target: Record<string, unknown>, source: object, walk: Walk): void {
  for (const name of Object.keys(source)) {
    let value: unknown
    try {
      value = Reflect.get(source, name)
    } catch {
      // a getter of the thing that is told of; its failure is not the caller's
      value = '[unreadable]'
    }
    put(target, name, value, walk)
  }
}

function put(target: Record<string, unknown>, name: string, value: unknown, walk: Walk): void {
  if (value === undefined || typeof value === 'function') return
  if (walk.left-- <= 0) {
    target['…'] = 'more was left out'
    return
  }
  const hides = walk.redact.key(name) && value !== null && typeof value !== 'boolean'
  // defined, not assigned: a key called __proto__ is only a name here
  Object.defineProperty(target, short(walk.redact.text(name), 200), {
    value: hides ? redacted : plain(value, walk),
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function plain(value: unknown, walk: Walk): unknown {
  switch (typeof value) {
    case 'string':
      return short(walk.redact.text(value), longest)
    case 'number':
    case 'bigint': {
      const text = String(value)
      // JSON has no bigint, NaN or Infinity
      return walk.redact.text(text) !== text ? redacted : Number.isFinite(value) ? value : text
    }
    case 'symbol':
      return walk.redact.text(String(value))
    case 'object':
      return value === null ? null : plainObject(value, walk)
    default:
      return value
  }
}

function plainObject(value: object, walk: Walk): unknown {
  if (walk.holders.includes(value)) return '[circular]'
  if (walk.holders.length >= deepest) return Array.isArray(value) ? '[a list]' : '[an object]'
  walk.holders.push(value)
  try {
    return unfold(value, walk)
  } catch {
    // a proxy may refuse anything
    return '[unreadable]'
  } finally {
    walk.holders.pop()
  }
}

function unfold(value: object, walk: Walk): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof URL || value instanceof RegExp) return short(walk.redact.text(String(value)), longest)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof Error) return plainError(value, walk)
  if (value instanceof Set) return plainList([...value], walk)
  if (value instanceof Map) return plainPairs(value, walk)
  if (value instanceof Headers || value instanceof URLSearchParams) return plainPairs(value, walk)
  if (Array.isArray(value)) return plainList(value, walk)
  const copy: Record<string, unknown> = {}
  copyInto(copy, value, walk)
  return copy
}

function plainPairs(pairs: Iterable<[unknown, unknown]>, walk: Walk): unknown {
  const copy: Record<string, unknown> = {}
  for (const [name, value] of pairs) put(copy, typeof name === 'string' ? name : String(plain(name, walk)), value, walk)
  return copy
}

function plainList(items: readonly unknown[], walk: Walk): unknown[] {
  const list: unknown[] = []
  let hides = false
  for (const item of items) {
    if (walk.left-- <= 0) {
      list.push('… more was left out')
      break
    }
    list.push(hides && typeof item !== 'boolean' ? redacted : plain(item, walk))
    // raw headers and pairs are lists in which a name stands before its value
    hides = !hides && typeof item === 'string' && walk.redact.key(item)
  }
  return list
}

function plainError(error: Error, walk: Walk): unknown {
  const { name, message, stack, cause, ...own } = {
    ...error,
    name: error.name,
    message: error.message,
    stack: error.stack,
    cause: error.cause,
  }
  const copy: Record<string, unknown> = {}
  put(copy, 'name', name, walk)
  copyInto(copy, own, walk)
  put(copy, 'message', message, walk)
  if (walk.stacks) put(copy, 'stack', stack, walk)
  if (cause !== undefined) put(copy, 'cause', cause, walk)
  return copy
}

function short(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length} characters)`
}
