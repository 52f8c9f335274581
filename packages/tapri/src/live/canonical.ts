import { encodeWire } from '../kit/wire.ts'

/** One text for inputs that mean the same: keys in order, absent ones left out. */
export function canonical(value: unknown): string {
  return encodeWire(ordered(value))
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, ordered(inner)]))
}
