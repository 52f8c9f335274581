import type { FieldFacts } from '../../../schema/index.ts'
import type { Column, Model } from '../../catalog.ts'
import type { Primitive } from '../../condition.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { ColumnType, Fill } from '../../migration/state.ts'
import { keptWords } from '../../words.ts'
import { type StoredJson, storedJson } from './json.ts'

/** The package's own classes for numbers: JavaScript alone cannot say whether 1 is whole. */
export interface Numbers {
  whole(value: number): unknown
  fraction(value: number): unknown
}

type Values = Readonly<Record<string, unknown>>

/**
 * How values are stored: whole numbers as 64 bits, fractions as doubles, moments as dates, lists as arrays, JSON as its
 * text beside what is found in it, the words of a searched field as an array.
 */
export class Codec {
  readonly #numbers: Numbers

  constructor(numbers: Numbers) {
    this.#numbers = numbers
  }

  /** The fields that these values are stored in, the words of those that are searched among them. */
  fields(model: Model, values: Values): Record<string, unknown> {
    const stored: Record<string, unknown> = {}
    for (const column of model.columns) {
      if (column.name in values) stored[fieldOf(column)] = this.encode(column, values[column.name])
    }
    for (const { field, words } of model.search) {
      if (field.name in values) stored[words.name] = keptWords(values[field.name])
    }
    return stored
  }

  encode(column: Column, value: unknown): unknown {
    if (value === null || value === undefined) return null
    const { facts } = column
    if (facts.kind === 'list') return Array.isArray(value) ? value.map((item) => this.#item(facts.of, item)) : null
    if (facts.kind === 'json') return storedJson(value)
    if (facts.kind === 'file') return { text: JSON.stringify(value) }
    return this.#plain(facts, value)
  }

  /** A value that a column is compared with; moments come as milliseconds. */
  compared(column: Column, value: Primitive): unknown {
    if (column.comparison === 'time' && typeof value === 'number') return new Date(value)
    return value
  }

  /** An item that a list may have. */
  item({ facts }: Column, value: Primitive): unknown {
    const isMoments = facts.kind === 'list' && facts.of.kind === 'time'
    return isMoments && typeof value === 'number' ? new Date(value) : value
  }

  /** What rows that are there get in a column. */
  fill(type: ColumnType, fill: Fill): unknown {
    if (fill === null) return null
    if (type === 'json') return storedJson(fill)
    if (type === 'time' && typeof fill === 'number') return new Date(fill)
    if (typeof fill !== 'number') return fill
    return type === 'int' ? this.#numbers.whole(fill) : this.#numbers.fraction(fill)
  }

  /** A document as the row of these columns. */
  decoder(columns: readonly Column[]): (document: Values) => StoredRow {
    const readers = columns.map((column) => ({ name: column.name, field: fieldOf(column), read: reader(column.facts) }))
    return (document) => {
      const row: Record<string, unknown> = {}
      for (const { name, field, read } of readers) {
        const value = document[field] ?? null
        row[name] = value === null || read === undefined ? value : read(value)
      }
      return { id: String(document._id), ...row }
    }
  }

  /** A stored value of a column. */
  decode({ facts }: Column, value: unknown): unknown {
    const read = reader(facts)
    return value === null || value === undefined || read === undefined ? (value ?? null) : read(value)
  }

  #plain(facts: FieldFacts, value: unknown): unknown {
    if (typeof value !== 'number') return value
    return facts.kind === 'float' ? this.#numbers.fraction(value === 0 ? 0 : value) : this.#numbers.whole(value)
  }

  #item(of: FieldFacts, value: unknown): unknown {
    const isNested = typeof value === 'object' && value !== null && !(value instanceof Date)
    return isNested ? storedJson(value) : this.#plain(of.kind === 'int' ? of : floats, value)
  }
}

const floats: FieldFacts = { kind: 'float', min: 0, max: 0, optional: true, private: false, unique: false }

/** The field of a document that a column is stored in. */
export function fieldOf(column: Column): string {
  return column.name === 'id' ? '_id' : column.name
}

function reader(facts: FieldFacts): ((value: unknown) => unknown) | undefined {
  switch (facts.kind) {
    case 'int':
    case 'float':
    case 'decimal':
      return Number
    case 'json':
    case 'file':
      return (value) => (isText(value) ? JSON.parse(value.text) : null)
    case 'list':
      return (value) => (Array.isArray(value) ? value.map(readItem) : [])
    default:
      return undefined
  }
}

function readItem(value: unknown): unknown {
  return isText(value) ? JSON.parse(value.text) : value
}

function isText(value: unknown): value is Pick<StoredJson, 'text'> {
  return typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string'
}
