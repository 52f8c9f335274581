import type { Column } from '../../catalog.ts'
import type { Primitive } from '../../condition.ts'
import type { Codec } from '../sql/dialect.ts'
import { listDecoder } from '../sql/values.ts'

/** Truth as 0 or 1, moments as milliseconds, what else is an object as JSON. */
export const codec: Codec = {
  encode(column, value) {
    if (value === null || value === undefined) return null
    if (typeof value === 'string' && column.comparison === 'text') return value
    if (typeof value === 'number' && column.comparison === 'number') return value
    if (typeof value === 'boolean' && column.comparison === 'boolean') return value ? 1 : 0
    if (value instanceof Date && column.comparison === 'time') return value.getTime()
    return JSON.stringify(value)
  },
  compared: (_column, value) => encodePrimitive(value),
  bound: (_column, _sign, value) => value,
  item: encodeItem,
  decoder(facts) {
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
  },
}

function encodePrimitive(value: Primitive): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value
}

/** As it is in the list's JSON, as SQLite's json_each gives it. */
function encodeItem(column: Column, value: Primitive): string | number | null {
  if (column.facts.kind === 'list' && column.facts.of.kind === 'time' && typeof value === 'number') {
    return new Date(value).toISOString()
  }
  return encodePrimitive(value)
}
