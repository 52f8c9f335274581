import type { FieldFacts } from '../../../schema/index.ts'
import type { OrderSign } from '../../condition.ts'
import type { Decode } from './dialect.ts'

/** Beyond the integers that a column may hold, and within those of every server. */
export const noInteger = 2 ** 53

/** A server would round a fraction where it expects a whole number. */
export function integerBound(sign: OrderSign, value: number): number {
  const whole = sign === 'gt' || sign === 'lte' ? Math.floor(value) : Math.ceil(value)
  return Math.min(noInteger, Math.max(-noInteger, whole))
}

/** Reads a list from its JSON. */
export function listDecoder(of: FieldFacts): Decode {
  if (of.kind !== 'time') return (value) => JSON.parse(String(value))
  return (value) => {
    const items: unknown = JSON.parse(String(value))
    return Array.isArray(items) ? items.map((item) => (typeof item === 'string' ? new Date(item) : null)) : []
  }
}
