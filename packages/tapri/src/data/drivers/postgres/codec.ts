import { invalid } from '../../../kit/errors.ts'
import type { FieldFacts } from '../../../schema/index.ts'
import type { Column } from '../../catalog.ts'
import type { OrderSign } from '../../condition.ts'
import type { Codec, Decode } from '../sql/dialect.ts'
import { isMoment, readMoment, writeMoment } from './moment.ts'

/** Truth and numbers as they are, moments as timestamptz(3), what else is an object as JSON. */
export const codec: Codec = {
  encode(column, value) {
    if (value === null || value === undefined) return null
    if (value instanceof Date && column.comparison === 'time') return storedMoment(column, value)
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    return isPlain && isPlainColumn(column) ? value : JSON.stringify(value)
  },
  compared(column, value) {
    if (column.comparison === 'time' && typeof value === 'number') return writeMoment(value)
    if (column.facts.kind === 'int' && typeof value === 'number' && !Number.isSafeInteger(value)) return noInteger
    return value
  },
  bound(column, sign, value) {
    if (typeof value !== 'number') return value
    if (column.comparison === 'time') return writeMoment(value)
    return column.facts.kind === 'int' ? integerBound(sign, value) : value
  },
  item(column, value) {
    const isMoments = column.facts.kind === 'list' && column.facts.of.kind === 'time'
    return JSON.stringify(isMoments && typeof value === 'number' ? new Date(value).toISOString() : value)
  },
  decoder(facts) {
    switch (facts.kind) {
      case 'time':
        return (value) => readMoment(String(value))
      case 'json':
      case 'file':
        return (value) => JSON.parse(String(value))
      case 'list':
        return listDecoder(facts.of)
      default:
        return undefined
    }
  },
}

/** Beyond the integers that a column may hold, and within those of PostgreSQL. */
const noInteger = 2 ** 53

function integerBound(sign: OrderSign, value: number): number {
  const whole = sign === 'gt' || sign === 'lte' ? Math.floor(value) : Math.ceil(value)
  return Math.min(noInteger, Math.max(-noInteger, whole))
}

function isPlainColumn({ comparison }: Column): boolean {
  return comparison === 'text' || comparison === 'number' || comparison === 'boolean'
}

function storedMoment(column: Column, value: Date): string {
  if (isMoment(value.getTime())) return writeMoment(value.getTime())
  throw invalid([{ path: [column.name], message: 'must be a time after 4714-11-24 BC' }], 'values')
}

function listDecoder(of: FieldFacts): Decode {
  if (of.kind !== 'time') return (value) => JSON.parse(String(value))
  return (value) => {
    const items: unknown = JSON.parse(String(value))
    return Array.isArray(items) ? items.map((item) => (typeof item === 'string' ? new Date(item) : null)) : []
  }
}
