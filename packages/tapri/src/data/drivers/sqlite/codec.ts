import type { FieldFacts } from '../../../schema/index.ts'
import type { Column } from '../../catalog.ts'
import type { Primitive } from '../../condition.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { SqlRow, SqlValue } from './connection.ts'

type Decode = (value: unknown) => unknown

/** A value of a row as SQLite stores it: truth as 0 or 1, moments as milliseconds, the rest of objects as JSON. */
export function encode(column: Column, value: unknown): SqlValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' && column.comparison === 'text') return value
  if (typeof value === 'number' && column.comparison === 'number') return value
  if (typeof value === 'boolean' && column.comparison === 'boolean') return value ? 1 : 0
  if (value instanceof Date && column.comparison === 'time') return value.getTime()
  return JSON.stringify(value)
}

/** A value of a condition as SQLite stores it. */
export function encodePrimitive(value: Primitive): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value
}

/** An item of a list as it is in the list's JSON, as SQLite's json_each gives it. */
export function encodeItem(column: Column, value: Primitive): string | number | null {
  if (column.facts.kind === 'list' && column.facts.of.kind === 'time' && typeof value === 'number') {
    return new Date(value).toISOString()
  }
  return encodePrimitive(value)
}

/** Compiles the reading of rows with these columns, in this order. */
export function rowDecoder(columns: readonly Column[]): (row: SqlRow) => StoredRow {
  const names = columns.map((column) => column.name)
  const decoders = columns.map((column) => decoderOf(column.facts))
  return (row) => {
    const decoded: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) {
      const value = row[index]
      const decode = decoders[index]
      decoded[names[index] ?? ''] = decode === undefined || value === null ? value : decode(value)
    }
    return asRow(decoded)
  }
}

// Every table's first column is its id, and every select asks for it.
function asRow(decoded: Record<string, unknown>): StoredRow {
  return decoded as StoredRow
}

/** Undefined for what SQLite gives as it is. */
function decoderOf(facts: FieldFacts): Decode | undefined {
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

function listDecoder(of: FieldFacts): Decode {
  if (of.kind !== 'time') return (value) => JSON.parse(String(value))
  return (value) => {
    const items: unknown = JSON.parse(String(value))
    return Array.isArray(items) ? items.map((item) => (typeof item === 'string' ? new Date(item) : null)) : []
  }
}
