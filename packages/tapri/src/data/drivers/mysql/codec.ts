import { invalid } from '../../../kit/errors.ts'
import type { FieldFacts } from '../../../schema/index.ts'
import type { Column } from '../../catalog.ts'
import type { Primitive } from '../../condition.ts'
import type { Codec, Decode } from '../sql/dialect.ts'
import { integerBound, listDecoder, noInteger } from '../sql/values.ts'

/** Truth as 0 or 1, moments as milliseconds, what else is an object as JSON, no deeper than the server can look into. */
export function codecOf(deepestJson: number): Codec {
  return {
    encode(column, value) {
      if (value === null || value === undefined) return null
      if (typeof value === 'string' && column.comparison === 'text') return value
      if (typeof value === 'number' && column.comparison === 'number') return value
      if (typeof value === 'boolean' && column.comparison === 'boolean') return Number(value)
      if (value instanceof Date && column.comparison === 'time') return value.getTime()
      return storedJson(column, value, deepestJson)
    },
    compared(column, value) {
      if (column.facts.kind === 'int' && typeof value === 'number' && !Number.isSafeInteger(value)) return noInteger
      return plain(value)
    },
    bound: (column, sign, value) =>
      typeof value === 'number' && column.facts.kind === 'int' ? integerBound(sign, value) : value,
    item(column, value) {
      const isMoments = column.facts.kind === 'list' && column.facts.of.kind === 'time'
      return JSON.stringify(isMoments && typeof value === 'number' ? new Date(value).toISOString() : value)
    },
    decoder,
  }
}

function plain(value: Primitive): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value
}

function storedJson(column: Column, value: unknown, deepest: number): string {
  if (isDeeper(value, deepest)) {
    const message = `must not be nested more than ${deepest} levels deep: this database cannot look into it`
    throw invalid([{ path: [column.name], message }], 'values')
  }
  return JSON.stringify(value)
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Date) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}

function decoder(facts: FieldFacts): Decode | undefined {
  switch (facts.kind) {
    case 'bool':
      return (value) => value === 1
    case 'time':
      return (value) => new Date(Number(value))
    case 'json':
    case 'file':
      return (value) => JSON.parse(String(value))
    case 'list':
      return listDecoder(facts.of)
    default:
      return undefined
  }
}
