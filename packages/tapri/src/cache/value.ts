import { decodeWire, encodeWire } from '../kit/wire.ts'
import { cacheError } from './errors.ts'

/** The text of a value, in which times stay times; undefined for `undefined`.
 * @throws TAPRI_CACHE_VALUE */
export function encodeValue(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'function' || typeof value === 'symbol') throw wrong(name, `a ${typeof value} has no JSON`)
  try {
    return encodeWire(value)
  } catch (cause) {
    throw wrong(name, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

/** The value of a text. Everybody who asks gets their own, to change as they like. */
export function decodeValue(text: string): unknown {
  return decodeWire(text)
}

function wrong(name: string, why: string, cause?: unknown) {
  return cacheError('TAPRI_CACHE_VALUE', `Cannot keep the value of ${name.slice(0, 100)}: ${why}`, { cause })
}
