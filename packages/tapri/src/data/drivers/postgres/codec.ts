import { invalid } from '../../../kit/errors.ts'
import type { Column } from '../../catalog.ts'
import type { Codec } from '../sql/dialect.ts'
import { integerBound, listDecoder, noInteger } from '../sql/values.ts'
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

function isPlainColumn({ comparison }: Column): boolean {
  return comparison === 'text' || comparison === 'number' || comparison === 'boolean'
}

function storedMoment(column: Column, value: Date): string {
  if (isMoment(value.getTime())) return writeMoment(value.getTime())
  throw invalid([{ path: [column.name], message: 'must be a time after 4714-11-24 BC' }], 'values')
}
